import type { TestCertificate } from "./certificates.ts";
import { connectTls } from "./tls_client.ts";
import type { TlsLab } from "./tls_lab.ts";

/** So many connections of one moment reach every thread of a proxy. */
export const SPREAD = 12;

/** Writes a new certificate over the lab's own, by another CA, which is given. */
export function renew(lab: TlsLab, days = 40): TestCertificate {
  const ca = lab.folder.make(`ca-${crypto.randomUUID()}`, { isCa: true });
  lab.folder.make("local", { altNames: "DNS:localhost,IP:127.0.0.1", issuer: ca, days });
  return ca;
}

/** Resolves when each of many clients, who trust this CA alone, has shaken hands; rejects when one cannot. */
export async function assertShown(port: number, { cert: ca }: TestCertificate): Promise<void> {
  const clients = await Promise.all(Array.from({ length: SPREAD }, () => connectTls(port, { ca })));
  for (const { conn } of clients) conn.close();
}
