import { explain } from "./explain_route.ts";
import { healthz, readyz } from "./health_routes.ts";
import { indexOf } from "./index_route.ts";
import { reload } from "./reload_route.ts";
import type { AdminRoute } from "./route.ts";
import { status } from "./status_route.ts";

/** Every path of the API. */
export const ROUTES: readonly AdminRoute[] = withIndex([healthz, readyz, status, explain, reload]);

function withIndex(routes: readonly AdminRoute[]): AdminRoute[] {
  return [indexOf(routes), ...routes];
}
