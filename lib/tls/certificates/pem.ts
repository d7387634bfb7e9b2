/** PEM blocks (RFC 7468) with a certificate, and with a private key of any kind. */
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const KEY_BLOCK = /-----BEGIN ((?:[A-Z0-9]+ )*)PRIVATE KEY-----[\s\S]*?-----END \1PRIVATE KEY-----/;
const KEY_BEGIN = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;

const CERTIFICATE_BEGIN = "-----BEGIN CERTIFICATE-----";
const CERTIFICATE_END = "-----END CERTIFICATE-----";

/** Returns the certificates in a text, each in PEM. */
export function splitPem(pem: string): string[] {
  return pem.match(CERTIFICATE_BLOCK) ?? [];
}

/** Whether a text ends in the middle of a certificate. */
export function isCutPem(pem: string): boolean {
  return pem.lastIndexOf(CERTIFICATE_BEGIN) > pem.lastIndexOf(CERTIFICATE_END);
}

/** Returns the first private key of a text, in PEM. The text may also hold a certificate. */
export function privateKeyIn(pem: string): "none" | "cut" | { readonly pem: string } {
  if (!KEY_BEGIN.test(pem)) return "none";
  const [block] = KEY_BLOCK.exec(pem) ?? [];
  return block === undefined ? "cut" : { pem: block };
}

/** Extracts certificate and key from two texts, which may be the same. */
export function pairOf(
  texts: { readonly cert: string; readonly key: string },
): { cert: string; key: string } {
  const key = privateKeyIn(texts.key);
  return { cert: splitPem(texts.cert).join("\n"), key: typeof key === "string" ? texts.key : key.pem };
}
