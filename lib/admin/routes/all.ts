import { explain } from "./explain.ts";
import { healthz, readyz } from "./health.ts";
import { indexOf } from "./index.ts";
import { reload } from "./reload.ts";
import type { AdminRoute } from "../route.ts";
import { status } from "./status.ts";

/** Every path of the API. */
export const ROUTES: readonly AdminRoute[] = withIndex([healthz, readyz, status, explain, reload]);

function withIndex(routes: readonly AdminRoute[]): AdminRoute[] {
  return [indexOf(routes), ...routes];
}
