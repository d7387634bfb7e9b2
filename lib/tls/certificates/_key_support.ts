import type { KeyObject } from "node:crypto";
import type { Duplex } from "node:stream";
import { isTlsSupported, loadRuntimeTls, type RuntimeTls } from "../_runtime_tls.ts";

/** The key types that the runtime's TLS supports. */
export const USABLE_KEYS = "RSA of 2048 bits or more, ECDSA with P-256, P-384 or P-521, or Ed25519";

/** A certificate with its key, in PEM. */
interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A handshake takes a few milliseconds; one still running after this never ends. */
const TRIAL_LIMIT_MS = 5000;

/** The results of test handshakes, by kind of key: support depends on the kind alone. */
const known = new Map<string, Promise<boolean>>();

/** Describes the kind of a key, for messages. */
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
 * Whether the runtime's TLS supports this kind of key. It reports that only during a handshake, to the peer; so the
 * first key of each kind performs one with itself, in memory. True on a runtime without TLS.
 */
export async function isKeyUsable(pair: Pair, kind: string): Promise<boolean> {
  if (!isTlsSupported()) return true;
  let usable = known.get(kind);
  if (usable === undefined) known.set(kind, usable = tryHandshake(await loadRuntimeTls("client"), pair));
  return await usable;
}

function tryHandshake({ tls, stream }: RuntimeTls, pair: Pair): Promise<boolean> {
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
        // Destroying the streams may emit an error.
        socket.on("error", () => {});
        end(true);
      });
      server.emit("connection", near);
      // Issuer and name do not matter here.
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

/** Creates two streams, each of which reads what is written to the other. */
function streamPair(Stream: RuntimeTls["stream"]["Duplex"]): [Duplex, Duplex] {
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
