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

/** Where the bundle goes that executables are compiled from. */
export const BUNDLE_FOLDER = `${OUTPUT_FOLDER}/bundle`;

/** The scripts of a bundle to run: all others are imported by them. */
export const MAIN_SCRIPT = "main.js";
export const WORKER_SCRIPT = "worker.js";

/** The text of the module that {@link MAIN_SCRIPT} is made of, in a folder of {@link OUTPUT_FOLDER}: `main.ts` with the build recorded. */
export function entryModule({ commit, isModified }: Build): string {
  return `// Written by tools/bundle.ts: main.ts, and the commit that it is compiled from.
import { recordBuild, runCli } from "../../lib/cli/mod.ts";

recordBuild({ commit: ${
    commit === undefined ? "undefined" : JSON.stringify(commit)
  }, isModified: ${isModified} });
Deno.exit(await runCli(Deno.args));
`;
}

/** The text of the module beside it that {@link WORKER_SCRIPT} is made of. */
export function workerEntryModule(): string {
  return WORKER_MODULES.map((module) => `import "../../${module}";\n`).join("");
}

/** One run of the compiler. */
export interface Compilation {
  /** The binary's name in {@link OUTPUT_FOLDER}. */
  readonly name: string;
  readonly args: readonly string[];
}

/** The binary of one target; without one, that of this machine, whose system `os` tells. */
export function compilation(os: typeof Deno.build.os, target?: Target): Compilation {
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
      // Named at run time alone.
      "--include",
      `${BUNDLE_FOLDER}/${WORKER_SCRIPT}`,
      "--output",
      `${OUTPUT_FOLDER}/${name}`,
      `${BUNDLE_FOLDER}/${MAIN_SCRIPT}`,
    ],
  };
}

/** `sha256sum`'s line: the digest in hexadecimal, two spaces, the name. */
export function checksumLine(digest: Uint8Array, name: string): string {
  return `${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}  ${name}\n`;
}
