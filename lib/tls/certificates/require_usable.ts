import type { CertificateProblem } from "./certificate.ts";
import { TlsError, type TlsSide } from "../error.ts";

/**
 * Throws at the first error that makes a certificate unusable; warnings pass.
 *
 * An expired certificate passes too: a reload, or a restart at night, must not take down what most clients still
 * accept or have been told to. `check` and the log report it.
 *
 * @throws {TlsError} `BAD_CERTIFICATE`
 */
export function requireUsable(
  problems: readonly CertificateProblem[],
  origin: string,
  side: TlsSide,
): void {
  const fatal = problems.find((problem) => problem.severity === "error" && !problem.isAboutTime);
  if (fatal !== undefined) {
    throw new TlsError(`${origin}: ${fatal.message}`, { code: "BAD_CERTIFICATE", side });
  }
}
