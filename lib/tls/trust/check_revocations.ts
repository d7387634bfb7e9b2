import { loadCrypto } from "../_runtime_tls.ts";
import { splitPem } from "../certificates/pem.ts";
import { readRevocationList, splitLists } from "./_revocation_list.ts";
import { isByOneOf } from "./revocations.ts";
import { DerError } from "./_der.ts";
import type { CertificateCheckOptions, CertificateProblem } from "../certificates/certificate.ts";

/**
 * Returns the problems of a file of revocation lists (PEM).
 *
 * @param authorities PEM: the CAs that must have issued the lists.
 */
export async function checkRevocations(
  pem: string,
  authorities: string,
  { nowMs = Date.now() }: CertificateCheckOptions = {},
): Promise<CertificateProblem[]> {
  const crypto = await loadCrypto();
  const cas = splitPem(authorities).flatMap((each) => {
    try {
      return [new crypto.X509Certificate(each)];
    } catch {
      // `checkAuthorities` reports it.
      return [];
    }
  });
  const problems: CertificateProblem[] = [];
  const problem = (message: string, isAboutTime = false): void => {
    problems.push({ severity: "error", message, about: "certificate", isAboutTime });
  };
  let ders: Uint8Array[] = [];
  try {
    ders = splitLists(pem);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    problem(`the file cannot be read: ${error.message}; give revocation lists in PEM ("BEGIN X509 CRL")`);
    return problems;
  }
  const isCut = pem.lastIndexOf("BEGIN X509 CRL") > pem.lastIndexOf("END X509 CRL");
  if (isCut) problem(`list ${ders.length + 1} is cut off; write the file whole and rename it into place`);
  else if (ders.length === 0) {
    problem(`the file has no revocation list; give lists in PEM ("BEGIN X509 CRL")`);
  }
  for (const [index, der] of ders.entries()) {
    try {
      const list = readRevocationList(der);
      if (!isByOneOf(list, cas, crypto)) {
        problem(
          `list ${index + 1} is not signed by any CA that is trusted here; give the list of one of these CAs`,
        );
      } else if (list.nextUpdateMs !== undefined && nowMs >= list.nextUpdateMs) {
        const when = new Date(list.nextUpdateMs).toISOString();
        problem(
          `list ${
            index + 1
          } expired on ${when}, so every certificate of its CA is refused; fetch a newer one`,
          true,
        );
      }
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      problem(`list ${index + 1} cannot be used: ${error.message}`);
    }
  }
  return problems;
}
