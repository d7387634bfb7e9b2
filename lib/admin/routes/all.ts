import { captureApp, captureSession } from "./capture.ts";
import { events } from "./events.ts";
import { explain } from "./explain.ts";
import { healthz, readyz } from "./health.ts";
import { indexOf } from "./index.ts";
import { metrics } from "./metrics.ts";
import { openapi } from "./openapi.ts";
import { reload } from "./reload.ts";
import type { AdminRoute } from "../route.ts";
import { status } from "./status.ts";

/** Every path of the API. */
export const ROUTES: readonly AdminRoute[] = complete([
  healthz,
  readyz,
  status,
  events,
  metrics,
  explain,
  reload,
  captureSession,
  captureApp,
]);

/** Adds the two routes that are about all of them, and each other. */
function complete(routes: readonly AdminRoute[]): readonly AdminRoute[] {
  const all: AdminRoute[] = [...routes];
  all.push(openapi(() => all));
  all.unshift(indexOf(all));
  return all;
}
