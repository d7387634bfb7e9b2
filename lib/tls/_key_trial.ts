import type { KeyObject } from "node:crypto";
import type { Duplex } from "node:stream";
import { isTlsSupported, loadEngine, type TlsEngine } from "./_engine.ts";

/** The keys with which the runtime's TLS shakes hands. */
export const USABLE_KEYS = "RSA of 2048 bits or more, ECDSA with P-256, P-384 or P-521, or Ed25519";

/** A certificate with its key, in PEM. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** One handshake takes a few milliseconds; one that is still under way then never ends. */
const TRIAL_LIMIT_MS = 5000;

/** What handshakes have shown, by kind of key: it is the kind that a runtime can sign with, or cannot. */
const known = new Map<string, Promise<boolean>>();

/** What kind of key it is, in words. */
export function keyKind({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  const name = NAMES.get(type ?? "") ?? type ?? "of an unknown kind";
  if (type === "ec") return `${name} with ${details?.namedCurve ?? "an unknown curve"}`;
  return details?.modulusLength === undefined ? name : `${name} of ${details.modulusLength} bits`;
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ["dsa", "DSA"],
  ["ec", "ECDSA"],
  ["ed25519", "Ed25519"],
  ["ed448", "Ed448"],
  ["rsa", "RSA"],
  ["rsa-pss", "RSA-PSS"],
]);

/**
 * Whether the runtime's TLS can use a key of this kind. It says so itself only when a peer is there, and then to the peer;
 * so the first key of each kind shakes hands with itself, in memory. A runtime without TLS has nothing to say.
 */
export async function isKeyUsable(pair: Pair, kind: string): Promise<boolean> {
  if (!isTlsSupported()) return true;
  let usable = known.get(kind);
  if (usable === undefined) known.set(kind, usable = tryHandshake(await loadEngine("client"), pair));
  return await usable;
}

function tryHandshake({ tls, stream }: TlsEngine, pair: Pair): Promise<boolean> {
  return new Promise((resolve) => {
    const [near, far] = streamPair(stream.Duplex);
    const timer = setTimeout(() => end(false), TRIAL_LIMIT_MS);
    const end = (isUsable: boolean): void => {
      clearTimeout(timer);
      near.destroy();
      far.destroy();
      resolve(isUsable);
    };
    try {
      const server = new tls.Server(pair);
      server.on("tlsClientError", () => end(false));
      server.on("secureConnection", (socket) => {
        // What the end of the streams makes of it.
        socket.on("error", () => {});
        end(true);
      });
      server.emit("connection", near);
      // Whom it is by, and for whom, is another question.
      const client = tls.connect({
        socket: far,
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
      });
      client.on("error", () => end(false));
    } catch {
      end(false);
    }
  });
}

/** Two streams, each of which gives what is written to the other. */
function streamPair(Stream: TlsEngine["stream"]["Duplex"]): [Duplex, Duplex] {
  const create = (other: () => Duplex): Duplex =>
    new Stream({
      read: () => undefined,
      write: (chunk, _encoding, done) => {
        if (!other().destroyed) other().push(new Uint8Array(chunk));
        done();
      },
    });
  const near: Duplex = create(() => far);
  const far: Duplex = create(() => near);
  return [near, far];
}
