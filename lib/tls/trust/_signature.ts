import type * as NodeCrypto from "node:crypto";
import type { KeyObject } from "node:crypto";
import { DerError, DerReader, hexOf, TAG } from "./_der.ts";

/** The signed parts of a certificate or revocation list (RFC 5280 sections 4.1 and 5.1). */
export interface Signed {
  /** The signed body, in DER. */
  readonly body: Uint8Array;
  /** The object identifier of the signature algorithm, in hex. */
  readonly algorithm: string;
  /** The parameters of the algorithm, in DER; empty where there are none. */
  readonly parameters: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Reads the parts of an X.509 structure.
 *
 * @throws {DerError} when it is not one.
 */
export function readSigned(der: Uint8Array): Signed {
  const outer = new DerReader(der);
  const parts = new DerReader(outer.read(TAG.sequence).content);
  outer.end();
  const body = parts.read(TAG.sequence).whole;
  const algorithm = new DerReader(parts.read(TAG.sequence).content);
  const bits = parts.read(TAG.bitString).content;
  parts.end();
  if (bits[0] !== 0) throw new DerError("a signature has bits left over");
  return {
    body,
    algorithm: hexOf(algorithm.read(TAG.objectId).content),
    parameters: algorithm.isAtEnd ? new Uint8Array(0) : algorithm.read().whole,
    signature: bits.subarray(1),
  };
}

type Scheme = { readonly hash: string | null; readonly isPss?: boolean };

/** The signature algorithms in use; SHA-1 and older are not accepted. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map<string, Scheme>([
  ["2a864886f70d01010b", { hash: "sha256" }],
  ["2a864886f70d01010c", { hash: "sha384" }],
  ["2a864886f70d01010d", { hash: "sha512" }],
  ["2a864886f70d01010a", { hash: null, isPss: true }],
  ["2a8648ce3d040302", { hash: "sha256" }],
  ["2a8648ce3d040303", { hash: "sha384" }],
  ["2a8648ce3d040304", { hash: "sha512" }],
  ["2b6570", { hash: null }],
]);

/** The hash of RSA-PSS by the object identifier in its parameters (RFC 4055 section 3.1). */
const PSS_HASHES: readonly [oid: string, hash: string][] = [
  ["0609608648016503040201", "sha256"],
  ["0609608648016503040202", "sha384"],
  ["0609608648016503040203", "sha512"],
];

/** Whether the key made the signature; false where it cannot be verified. */
export function isSignedBy(signed: Signed, key: KeyObject, crypto: typeof NodeCrypto): boolean {
  const scheme = SCHEMES.get(signed.algorithm);
  if (scheme === undefined) return false;
  try {
    if (scheme.isPss !== true) return crypto.verify(scheme.hash, signed.body, key, signed.signature);
    const parameters = hexOf(signed.parameters);
    const hash = PSS_HASHES.find(([oid]) => parameters.includes(oid))?.[1];
    if (hash === undefined) return false;
    const padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
    const saltLength = { sha256: 32, sha384: 48, sha512: 64 }[hash] ?? 32;
    return crypto.verify(hash, signed.body, { key, padding, saltLength }, signed.signature);
  } catch {
    // The runtime supports some keys only in handshakes.
    return false;
  }
}
