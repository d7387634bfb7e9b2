import { type FileTexts, tlsFilesOf } from "../../app/mod.ts";
import type { Config } from "../../config/parsed.ts";
import type { CertificateExpiry } from "../../metrics/mod.ts";
import { firstCertificate } from "../../tls/mod.ts";

/** Returns until when the certificates that apps show are valid; files that cannot be read are left out. */
export async function certificateExpiries(config: Config, files: FileTexts): Promise<CertificateExpiry[]> {
  const expiries: CertificateExpiry[] = [];
  for (const app of config.apps) {
    for (const { file, kind } of tlsFilesOf(app)) {
      if (kind !== "certificate") continue;
      const found = await files.read(file);
      const facts = "text" in found ? await firstCertificate(found.text) : undefined;
      if (facts !== undefined) expiries.push({ app: app.name, file, validToMs: facts.validToMs });
    }
  }
  return expiries;
}
