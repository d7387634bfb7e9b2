import type { X509Certificate } from "node:crypto";

/** The names of a certificate. */
export interface CertificateNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

/** Returns the subject alternative names; without any, the common name, as old servers did. */
export function certificateNames(certificate: X509Certificate): CertificateNames {
  const entries = splitAltNames(certificate.subjectAltName ?? "");
  const dns = valuesOf(entries, "DNS:");
  const ip = valuesOf(entries, "IP Address:");
  if (dns.length > 0 || ip.length > 0) return { dns, ip };
  const commonName = subjectPart(certificate.subject, "CN");
  return { dns: commonName === undefined ? [] : [commonName], ip: [] };
}

/** Returns the common name of the subject. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  return subjectPart(certificate.subject, "CN");
}

/** Returns the subject on one line, such as `CN=client, O=Example`. */
export function subjectLine(certificate: X509Certificate): string {
  // A subject without any name is legal (RFC 5280 section 4.1.2.6).
  return (certificate.subject ?? "").split("\n").filter((part) => part !== "").join(", ");
}

/** Splits text such as `DNS:a, DNS:"b, c", IP Address:192.0.2.1`, where ambiguous values are quoted as JSON. */
function splitAltNames(text: string): string[] {
  return [...text.matchAll(/(?:[^",]|"(?:[^"\\]|\\.)*")+/g)].map((match) => match[0].trim());
}

function valuesOf(entries: readonly string[], prefix: string): string[] {
  return entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
}

function subjectPart(subject: string | undefined, key: string): string | undefined {
  const line = subject?.split("\n").find((part) => part.startsWith(`${key}=`));
  return line?.slice(key.length + 1);
}
