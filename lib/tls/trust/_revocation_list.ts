import { DerError, DerReader, hexOf, TAG } from "./_der.ts";
import { readSigned, type Signed } from "./_signature.ts";

/** A certificate revocation list (RFC 5280 section 5.1). */
export interface RevocationList {
  /** The CA's name, its DER in hex. */
  readonly issuer: string;
  /** Serial numbers in hex. */
  readonly serials: ReadonlySet<string>;
  /** Milliseconds since 1970; `undefined` where the list names no next update. */
  readonly nextUpdateMs: number | undefined;
  readonly signed: Signed;
}

const BLOCK = /-----BEGIN X509 CRL-----([\s\S]*?)-----END X509 CRL-----/g;

/**
 * Returns the lists of a PEM text, each in DER.
 *
 * @throws {DerError} when one is not base64.
 */
export function splitLists(pem: string): Uint8Array[] {
  return [...pem.matchAll(BLOCK)].map(([, text = ""]) => {
    try {
      return Uint8Array.from(atob(text.replace(/\s+/g, "")), (char) => char.charCodeAt(0));
    } catch {
      throw new DerError("a list is not base64");
    }
  });
}

/**
 * Parses a revocation list.
 *
 * @throws {DerError} when it is malformed, or has a critical extension that is not supported.
 */
export function readRevocationList(der: Uint8Array): RevocationList {
  const signed = readSigned(der);
  const body = new DerReader(new DerReader(signed.body).read(TAG.sequence).content);
  body.readOptional(TAG.integer);
  body.read(TAG.sequence);
  const issuer = hexOf(body.read(TAG.sequence).whole);
  readTime(body);
  const hasNext = body.nextTag === TAG.utcTime || body.nextTag === TAG.generalizedTime;
  const nextUpdateMs = hasNext ? readTime(body) : undefined;
  const serials = new Set<string>();
  const revoked = body.readOptional(TAG.sequence);
  for (const entries = new DerReader(revoked?.content ?? new Uint8Array(0)); !entries.isAtEnd;) {
    const entry = new DerReader(entries.read(TAG.sequence).content);
    serials.add(hexOf(entry.read(TAG.integer).content));
    readTime(entry);
    if (!entry.isAtEnd) refuseCritical(entry.read(TAG.sequence).content);
  }
  const extensions = body.readOptional(TAG.explicit0);
  if (extensions !== undefined) refuseCritical(new DerReader(extensions.content).read(TAG.sequence).content);
  body.end();
  return { issuer, serials, nextUpdateMs, signed };
}

/** A critical extension changes what the list means: a delta, only some certificates, or several CAs. */
function refuseCritical(extensions: Uint8Array): void {
  for (const list = new DerReader(extensions); !list.isAtEnd;) {
    const extension = new DerReader(list.read(TAG.sequence).content);
    const id = hexOf(extension.read(TAG.objectId).content);
    const critical = extension.readOptional(TAG.boolean);
    if (critical !== undefined && critical.content[0] !== 0) {
      throw new DerError(`it has the critical extension ${NAMES.get(id) ?? id}, which is not supported`);
    }
  }
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ["551d1b", "deltaCRLIndicator"],
  ["551d1c", "issuingDistributionPoint"],
  ["551d1d", "certificateIssuer"],
]);

/** Reads a time (RFC 5280 section 5.1.2.4), in milliseconds since 1970. */
function readTime(reader: DerReader): number {
  const { tag, content } = reader.read();
  const text = String.fromCharCode(...content.subarray(0, 20));
  const isShort = tag === TAG.utcTime;
  if (!isShort && tag !== TAG.generalizedTime) throw new DerError("a time has a wrong type");
  const match = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null || (match[1]?.length === 2) !== isShort) throw new DerError(`a time is "${text}"`);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const whole = isShort ? (year < 50 ? 2000 + year : 1900 + year) : year;
  return Date.UTC(whole, month - 1, day, hour, minute, second);
}
