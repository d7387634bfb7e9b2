import type { Authorities } from "./authorities.ts";
import { loadCrypto } from "../_runtime_tls.ts";
import { requireUsable } from "../certificates/require_usable.ts";
import { Revocations } from "./revocations.ts";
import type { TlsSide } from "../error.ts";
import { checkRevocations } from "./check_revocations.ts";

/**
 * Loads the revocation lists of CAs.
 *
 * @throws {TlsError} `BAD_CERTIFICATE` when one cannot be used. An outdated list can: it lets nobody in.
 */
export async function loadRevocations(
  pem: string | undefined,
  authorities: Authorities | undefined,
  side: TlsSide,
): Promise<Revocations | undefined> {
  if (pem === undefined || authorities === undefined) return undefined;
  requireUsable(await checkRevocations(pem, authorities.pem), "the revocation lists", side);
  return new Revocations(pem, { authorities: authorities.certificates, crypto: await loadCrypto() });
}
