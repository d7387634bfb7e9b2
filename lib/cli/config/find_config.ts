import { UsageError } from "../command.ts";
import { type SealedConfig, sealedConfig } from "./sealed.ts";

/** Where the config comes from: a file, the copy of the shipped one in this program, or the one that is sealed into it. */
export type ConfigSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "embedded" }
  | { readonly kind: "sealed"; readonly config: SealedConfig };

/** Where a config is looked for, in this order. */
const DEFAULT_FILES = ["./config.yaml", "./config.yml", "./config.json"] as const;

/** The name that stands for standard input, which needs no permission to read. */
export const STANDARD_INPUT: readonly string[] = ["-", "/dev/stdin"];

/**
 * Finds the config that a command is to read. Without a path and without permission to read any of the default files
 * it is the embedded one. Never prompts.
 *
 * @param path what `--config` gave.
 * @throws {UsageError} when the file may not be read, or there is none.
 */
export async function findConfig(path: string | undefined): Promise<ConfigSource> {
  const config = sealedConfig();
  if (config !== undefined) {
    if (path === undefined) return { kind: "sealed", config };
    throw new UsageError(
      `read the config: this executable is sealed with the config of "${config.origin}", and reads no other; ` +
        `make another one with "tcpproxy seal -c ${path} -o FILE"`,
    );
  }
  if (path !== undefined) {
    if (!STANDARD_INPUT.includes(path) && !await mayRead(path)) {
      throw new UsageError(
        `read the config: the runtime does not allow reading "${path}"; run with --allow-read=${path}`,
      );
    }
    return { kind: "file", path };
  }
  let readable = 0;
  for (const file of DEFAULT_FILES) {
    if (!await mayRead(file)) continue;
    readable++;
    if (await exists(file)) return { kind: "file", path: file };
  }
  if (readable === 0) return { kind: "embedded" };
  throw new UsageError(
    `read the config: there is no ${DEFAULT_FILES.join(", ")} here; create one, or give "-c FILE"\n` +
      `"tcpproxy init" writes one; "tcpproxy demo" runs the shipped one with targets of its own`,
  );
}

async function mayRead(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "read", path })).state === "granted";
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    // Anything else (a loop of links, a forbidden folder) is for the reader of the config to put into words.
    return !(error instanceof Deno.errors.NotFound);
  }
}
