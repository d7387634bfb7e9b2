import type { AppName, Site } from "../site.ts";
import type { Visit } from "../visit.ts";

/** One kind of client. */
export interface Workload {
  readonly name: string;
  /** The app that it visits. */
  readonly app: AppName;
  /** Its share among all visits. */
  readonly weight: number;
  /** Whose latency its time from connect to reply is: the proxy's, or for comparison the target's own. */
  readonly timed?: "proxied" | "direct";
  /** Resolves when all is as it should be. @throws when it is not. */
  visit(site: Site, visit: Visit): Promise<void>;
}
