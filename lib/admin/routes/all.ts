import { app } from "./apps.ts";
import { captureApp, captureSession } from "./capture.ts";
import { config } from "./config.ts";
import { dashboard, dashboardFile } from "./dashboard.ts";
import { discovery } from "./discovery.ts";
import { drain } from "./drain.ts";
import { events } from "./events.ts";
import { explain } from "./explain.ts";
import { faults } from "./faults.ts";
import { healthz, readyz } from "./health.ts";
import { indexOf } from "./index.ts";
import { metrics } from "./metrics.ts";
import { openapi } from "./openapi.ts";
import { reload } from "./reload.ts";
import type { AdminRoute } from "../route.ts";
import { session, sessions } from "./sessions.ts";
import { status } from "./status.ts";
import { target } from "./targets.ts";

/** Every path of the API. */
export const ROUTES: readonly AdminRoute[] = complete([
  healthz,
  readyz,
  status,
  events,
  metrics,
  sessions,
  session,
  captureSession,
  app,
  target,
  faults,
  captureApp,
  drain,
  discovery,
  config,
  dashboard,
  dashboardFile,
  explain,
  reload,
]);

/** Adds the two routes that are about all of them, and each other. */
function complete(routes: readonly AdminRoute[]): readonly AdminRoute[] {
  const all: AdminRoute[] = [...routes];
  all.push(openapi(() => all));
  all.unshift(indexOf(all));
  return all;
}
