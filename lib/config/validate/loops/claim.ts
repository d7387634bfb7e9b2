import type { TcpRange, UnixAddress } from "../../../base/mod.ts";
import type { Path } from "../../report/problem.ts";

/** One entry of `ports` or `listen`. */
export interface Claim {
  readonly path: Path;
  readonly range: UnixAddress | TcpRange;
}
