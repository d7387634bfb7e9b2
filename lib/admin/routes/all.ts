import { app } from "./control/apps.ts";
import { captureApp, captureSession } from "./observe/capture.ts";
import { config } from "./observe/config.ts";
import { dashboard, dashboardFile } from "./pages/dashboard.ts";
import { discovery } from "./observe/discovery.ts";
import { drain } from "./control/drain.ts";
import { events } from "./observe/events.ts";
import { explain } from "./observe/explain.ts";
import { faults } from "./control/faults.ts";
import { healthz, readyz } from "./observe/health.ts";
import { indexOf } from "./pages/index.ts";
import { metrics } from "./observe/metrics.ts";
import { openapi } from "./pages/openapi.ts";
import { reload } from "./control/reload.ts";
import type { AdminRoute } from "../route.ts";
import { session, sessions } from "./control/sessions.ts";
import { status } from "./observe/status.ts";
import { target } from "./control/targets.ts";
import { upgrade } from "./control/upgrade.ts";

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
  upgrade,
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
