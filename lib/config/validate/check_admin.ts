import { formatAddress, isLoopback, type TcpAddress } from "../../base/mod.ts";
import { Admin, ADMIN_ADDRESS } from "../schema/admin.ts";
import { asMapping, parsed, type Raw } from "./raw.ts";
import type { Path, Problem } from "../report/problem.ts";

/** Where the admin API is to listen, and where the config says so; nothing where it is off or says it wrongly. */
export function adminClaim(
  { admin }: Raw,
): { readonly path: Path; readonly address: TcpAddress } | undefined {
  if (typeof admin !== "object" || admin === null || Array.isArray(admin)) return undefined;
  const { listen } = asMapping(admin);
  const address = parsed(Admin.shape.listen, listen ?? ADMIN_ADDRESS);
  return address && { path: listen === undefined ? ["admin"] : ["admin", "listen"], address };
}

/** Checks that the admin API is not open to everyone. */
export function checkAdmin(root: Raw): Problem[] {
  const claim = adminClaim(root);
  if (claim === undefined || isLoopback(claim.address.host)) return [];
  if (asMapping(root.admin).token_file !== undefined) return [];
  const message = `the address "${formatAddress(claim.address)}" can be reached from other machines; ` +
    `add "token_file", or listen on a loopback address such as "${ADMIN_ADDRESS}"`;
  return [{ path: claim.path, message }];
}
