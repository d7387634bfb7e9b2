import { type RetainedApp, targetsOf } from "../app/mod.ts";
import type { AppConfig } from "../config/parsed.ts";

/** What of an app decides which settings of operators outlast a reload. */
export function retained(config: AppConfig, labels: readonly string[]): RetainedApp {
  const discovers = targetsOf(config).some(({ discover }) => discover !== undefined);
  return { name: config.name, labels: new Set(labels), discovers };
}
