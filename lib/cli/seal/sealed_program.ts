import { type Config, effectiveConfig, escapeAllReferences } from "../../config/mod.ts";

/** The module that only workers import, relative to the program's folder. */
export const WORKER_MODULE = "lib/workers/worker/entry.ts";

/** Flags for the engine: those of every executable. */
export const V8_FLAGS =
  "--max-semi-space-size=4,--single-threaded-gc,--no-maglev,--invocation-count-for-turbofan=1000,--no-allocation-site-pretenuring,--expose-gc";

/** The text of the module that a sealed executable begins with, in a folder beside `lib`. */
export function sealedEntry(config: Config, origin: string): string {
  // Read again, the effective config is the same; it has neither variables nor included files. JSON is YAML.
  const text = JSON.stringify(escapeAllReferences(effectiveConfig(config)), undefined, 2);
  return `import { runCli, sealWith } from "../lib/cli/mod.ts";

sealWith({ origin: ${JSON.stringify(origin)}, text: ${JSON.stringify(text)} });
Deno.exit(await runCli(Deno.args));
`;
}

/** What the compiler is called with. */
export interface SealOptions {
  readonly entry: string;
  readonly output: string;
  /** The permissions that the config needs, as flags. */
  readonly permissions: readonly string[];
}

/** The arguments of the compiler, which runs in the program's folder. */
export function compilerArgs({ entry, output, permissions }: SealOptions): string[] {
  return [
    "compile",
    "--no-check",
    "--quiet",
    ...permissions,
    "--no-prompt",
    // It would be read from the folder for temporary files, whoever put it there.
    "--no-code-cache",
    `--v8-flags=${V8_FLAGS}`,
    "--include",
    WORKER_MODULE,
    "--output",
    output,
    entry,
  ];
}
