import { explain } from "./explain_route.ts";
import { healthz, readyz } from "./health_routes.ts";
import { reload } from "./reload_route.ts";
import type { AdminRoute } from "./route.ts";
import { status } from "./status_route.ts";

/** Every path of the API. */
export const ROUTES: readonly AdminRoute[] = [healthz, readyz, status, explain, reload];
