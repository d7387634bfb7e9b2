import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { leastPermissions, permissionFlags } from "../config/least_permissions.ts";
import { systemDns } from "../config/system_dns.ts";
import type { Config } from "../../config/mod.ts";
import { resolveListenNames } from "../../proxy/mod.ts";
import { compilerArgs, sealedEntry } from "./sealed_program.ts";

/** The folder of the program's sources. */
const ROOT = new URL("../../../", import.meta.url);

/** Whether the program runs from its sources, which can be compiled: executables and the npm package have a bundle of them. */
export function hasSources(): boolean {
  return !Deno.build.standalone && import.meta.url === new URL(MODULE, ROOT).href &&
    ROOT.protocol === "file:";
}

/** This module, where it has not been bundled. */
const MODULE = "lib/cli/seal/compile_sealed.ts";

export interface CompileOptions {
  /** The file that the config was read from. */
  readonly origin: string;
  readonly output: string;
  /** The deno that compiles; default `$DENO_COMPILER`, else the deno that runs this. */
  readonly compiler: string | undefined;
}

/**
 * Compiles an executable for one config, whose paths must be absolute. Returns why it failed, if it did.
 *
 * @throws {UsageError} for a path that fits into no permission.
 */
export async function compileSealed(
  config: Config,
  { origin, output, compiler = Deno.env.get("DENO_COMPILER") || Deno.execPath() }: CompileOptions,
): Promise<string | undefined> {
  const permissions = permissionFlags(leastPermissions(config, {
    named: await resolveListenNames(config, { isMissing: () => false }),
    systemDns: await systemDns(),
    isCompiled: true,
  }));
  // Elsewhere the compiler would not take the sources for those of one program.
  const folder = await Deno.makeTempDir({ dir: fileURLToPath(ROOT), prefix: ".seal-" });
  try {
    const entry = `${folder}/main.ts`;
    await Deno.writeTextFile(entry, sealedEntry(config, origin));
    return await compile(compiler, compilerArgs({ entry, output: resolve(output), permissions }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function compile(compiler: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(compiler, {
      args: [...args],
      cwd: fileURLToPath(ROOT),
      stdout: "null",
      stderr: "piped",
    }).output();
    if (success) return undefined;
    const said = new TextDecoder().decode(stderr).trim();
    return `seal: "${compiler}" failed; it needs the base runtime (denort) of its own version\n${said}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `seal: there is no "${compiler}"; give the path of a deno with --compiler or in DENO_COMPILER`;
  }
}
