import { resolveConfig } from "./load.ts";
import type { FaultConfig } from "./model/fault_config.ts";
import { ConfigError, formatPath, type Problem } from "./report/problem.ts";

/**
 * Checks and resolves faults as an app's `faults` has them.
 *
 * @throws {ConfigError} with every problem at once, each with its path from `faults` on.
 */
export function resolveFaults(faults: unknown): readonly FaultConfig[] {
  // An app around them, so that they are checked as those of a config are.
  const app = { name: "app", ports: [1], targets: ["192.0.2.1:1"], faults };
  try {
    return resolveConfig({ apps: [app] }, { source: "faults" }).apps[0]?.faults ?? [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem): Problem => ({ ...problem, path: problem.path.slice(2) }));
    const lines = problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
    throw new ConfigError(lines.join("; "), problems);
  }
}
