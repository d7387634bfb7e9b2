/**
 * Compiles the program to one executable in `dist/`: `dist/tcpproxy` for this machine or, with `--all`, one for each
 * target of `deno compile`, with `dist/SHA256SUMS`. The compiler is `$DENO_COMPILER`, by default `deno`. All are made of
 * one bundle, `dist/bundle/`, by the Deno that runs this.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { fileURLToPath } from "node:url";
import { BundleError, bundleProgram } from "./bundle.ts";
import {
  BUNDLE_FOLDER,
  checksumLine,
  type Compilation,
  compilation,
  OUTPUT_FOLDER,
  TARGETS,
} from "./compile_plan.ts";

const ROOT = new URL("../", import.meta.url);

async function main(): Promise<void> {
  const [option, ...others] = Deno.args;
  if (others.length > 0 || (option !== undefined && option !== "--all")) {
    return fail(`compile: the arguments are "${Deno.args.join(" ")}"; expected "--all" or none`, 2);
  }
  // An empty one is none, as in a shell's ${DENO_COMPILER:-deno}; that deno is the one which runs this.
  const compiler = Deno.env.get("DENO_COMPILER") || Deno.execPath();
  const compilations = option === undefined
    ? [compilation(Deno.build.os)]
    : TARGETS.map((target) => compilation(Deno.build.os, target));
  try {
    await bundleProgram(fileURLToPath(new URL(BUNDLE_FOLDER, ROOT)));
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return fail(error.message, 1);
  }
  // One after the other: each holds a whole runtime in memory.
  for (const each of compilations) {
    const failure = await compile(compiler, each);
    if (failure !== undefined) return fail(failure, 1);
    console.log(`${OUTPUT_FOLDER}/${each.name}`);
  }
  if (option !== undefined) await writeChecksums(compilations);
}

/** What went wrong, or nothing. */
async function compile(compiler: string, { name, args }: Compilation): Promise<string | undefined> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(compiler, {
      args: [...args],
      cwd: ROOT,
      stdout: "piped",
      stderr: "piped",
    })
      .output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `compile ${name}: there is no "${compiler}"; expected the path of a Deno in DENO_COMPILER`;
  }
  if (output.success) return undefined;
  const said = new TextDecoder().decode(output.stderr).trim();
  return `compile ${name}: "${compiler}" failed\n${said}\n${isBaseMissing(said) ? BASE_WANTED : ""}`
    .trimEnd();
}

const BASE_WANTED = `
The compiler puts the program behind a base runtime (denort) of its own version, and has none for this target.
It needs one of: a network to download it from; $DENO_DIR/dl/release/v<version>/denort-<target>.zip;
DENORT_BIN with the path of a denort of the same version and target; DENO_COMPILER with a Deno that has one.`;

function isBaseMissing(said: string): boolean {
  return /base binary|denort|standalone binary/i.test(said);
}

async function writeChecksums(compilations: readonly Compilation[]): Promise<void> {
  let lines = "";
  for (const { name } of compilations) {
    const bytes = await Deno.readFile(new URL(`${OUTPUT_FOLDER}/${name}`, ROOT));
    lines += checksumLine(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), name);
  }
  await Deno.writeTextFile(new URL(`${OUTPUT_FOLDER}/SHA256SUMS`, ROOT), lines);
  console.log(`${OUTPUT_FOLDER}/SHA256SUMS`);
}

function fail(message: string, code: number): void {
  console.error(message);
  Deno.exitCode = code;
}

if (import.meta.main) void main();
