/**
 * What is compiled, and how.
 *
 * @module
 */
import type { Build } from "../lib/cli/mod.ts";
import { V8_FLAGS } from "./v8_flags.ts";

/** The targets of `deno compile`. None of them is musl. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-pc-windows-msvc",
  "aarch64-pc-windows-msvc",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
] as const;

/** One of {@link TARGETS}. */
export type Target = typeof TARGETS[number];

/** Modules that only a worker imports: the module graph of `main.ts` does not lead to them. */
export const WORKER_MODULES: readonly string[] = ["lib/workers/worker/entry.ts"];

/** Where binaries go, relative to the repository's root. */
export const OUTPUT_FOLDER = "dist";

/** The module that the compiler begins with: `main.ts` with the build recorded. Written by {@link entryModule}. */
export const ENTRY = `${OUTPUT_FOLDER}/main.ts`;

/** The text of {@link ENTRY}. */
export function entryModule({ commit, isModified }: Build): string {
  return `// Written by tools/compile.ts: main.ts, and the commit that it is compiled from.
import { recordBuild, runCli } from "../lib/cli/mod.ts";

recordBuild({ commit: ${
    commit === undefined ? "undefined" : JSON.stringify(commit)
  }, isModified: ${isModified} });
Deno.exit(await runCli(Deno.args));
`;
}

/** One run of the compiler. */
export interface Compilation {
  /** The binary's name in {@link OUTPUT_FOLDER}. */
  readonly name: string;
  readonly args: readonly string[];
}

/** What is compiled, relative to the repository's root. */
export interface Modules {
  readonly entry: string;
  /** The modules that only a worker imports. */
  readonly workers: readonly string[];
}

/** The program as it is written; an executable has its bundle (`tools/bundle.ts`). */
export const SOURCES: Modules = { entry: ENTRY, workers: WORKER_MODULES };

/** The binary of one target; without one, that of this machine, whose system `os` tells. */
export function compilation(
  os: typeof Deno.build.os,
  target?: Target,
  { entry, workers }: Modules = SOURCES,
): Compilation {
  const isWindows = target === undefined ? os === "windows" : target.includes("windows");
  const isLinux = target === undefined ? os === "linux" : target.includes("linux");
  const name = `tcpproxy${target === undefined ? "" : `-${target}`}${isWindows ? ".exe" : ""}`;
  return {
    name,
    args: [
      "compile",
      // Types are checked by `deno task ok`; the compiler may be older than the one whose types are used.
      "--no-check",
      "--quiet",
      // Listening and dialing; config, certificates and unix sockets; logs and unix sockets; variables in configs. No programs.
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      // The native engine calls the C library, and exists on Linux alone.
      ...(isLinux ? ["--allow-ffi"] : []),
      "--no-prompt",
      // It would be read from the folder for temporary files, whoever put it there.
      "--no-code-cache",
      `--v8-flags=${V8_FLAGS}`,
      ...(target === undefined ? [] : ["--target", target]),
      ...workers.flatMap((module) => ["--include", module]),
      "--output",
      `${OUTPUT_FOLDER}/${name}`,
      entry,
    ],
  };
}

/** `sha256sum`'s line: the digest in hexadecimal, two spaces, the name. */
export function checksumLine(digest: Uint8Array, name: string): string {
  return `${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}  ${name}\n`;
}
