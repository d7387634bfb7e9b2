import type { Lab } from "./system/lab.ts";
import type { CertificateFiles } from "./peer.ts";
import { programPath } from "./system/programs.ts";

/** The name that the bench's certificate is for. */
export const CERTIFICATE_NAME = "localhost";

/**
 * Makes a certificate for {@link CERTIFICATE_NAME} that signs itself, in the scratch folder.
 *
 * @throws {Error} when openssl cannot.
 */
export async function makeCertificate(lab: Lab): Promise<CertificateFiles> {
  const name = lab.uniqueName("certificate");
  const [cert, key] = [`${lab.dir}/${name}.pem`, `${lab.dir}/${name}.key`];
  // Of its own, because the system's makes every certificate one of a CA, which no server may show.
  const config = await lab.write(
    `${name}.cnf`,
    `[req]
distinguished_name = subject
x509_extensions = server
prompt = no
[subject]
CN = ${CERTIFICATE_NAME}
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:${CERTIFICATE_NAME}
`,
  );
  const { success, stderr } = await new Deno.Command(programPath("openssl"), {
    args: ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
      .concat(["-days", "2", "-config", config, "-keyout", key, "-out", cert]),
  }).output();
  if (!success) throw new Error(`cannot make a certificate: ${new TextDecoder().decode(stderr).trim()}`);
  const both = await lab.write(
    `${name}-both.pem`,
    await Deno.readTextFile(cert) + await Deno.readTextFile(key),
  );
  return { cert, key, both };
}
