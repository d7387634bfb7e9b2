import { DerError, DerReader, hexOf, TAG } from "./_der.ts";
import { readSigned } from "./_signature.ts";

/** The first fields of a certificate (RFC 5280 section 4.1). */
export interface X509Head {
  /** 1 to 3. */
  readonly version: number;
  /** In hex, as in a revocation list. */
  readonly serial: string;
  /** The issuer's name, its DER in hex. */
  readonly issuer: string;
}

/**
 * Parses the first fields of a certificate.
 *
 * @throws {DerError} when it is not strict DER.
 */
export function readHead(der: Uint8Array): X509Head {
  const body = new DerReader(new DerReader(readSigned(der).body).read(TAG.sequence).content);
  const explicit = body.readOptional(TAG.explicit0);
  const version = explicit === undefined
    ? 1
    : versionOf(new DerReader(explicit.content).read(TAG.integer).content);
  const serial = hexOf(body.read(TAG.integer).content);
  body.read(TAG.sequence);
  return { version, serial, issuer: hexOf(body.read(TAG.sequence).whole) };
}

function versionOf(content: Uint8Array): number {
  const [value = 255] = content;
  if (content.length !== 1 || value > 2) throw new DerError("the version is not one of X.509");
  return value + 1;
}

/**
 * Returns the X.509 version of a certificate; `undefined` where it is not strict DER.
 *
 * The runtime accepts a peer whose own certificate has version 1 without proof that it holds the key.
 */
export function x509Version(der: Uint8Array): number | undefined {
  try {
    return readHead(der).version;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
