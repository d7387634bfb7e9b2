/**
 * Writes what a release has beside its binaries, from their checksums: the Homebrew formula `tcpproxy.rb`, the Scoop
 * manifest `tcpproxy.json`, and `install.sh` for this repository.
 * `deno run --allow-read --allow-write tools/ship/release_files.ts FOLDER OWNER/NAME`; the folder has `SHA256SUMS`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { VERSION } from "../../lib/cli/version.ts";
import { homebrewFormula } from "./_homebrew.ts";
import { ReleaseError, ReleaseFacts } from "./_release_facts.ts";
import { scoopManifest } from "./_scoop.ts";

const INSTALLER = new URL("../../deploy/install.sh", import.meta.url);

/**
 * `install.sh` for one repository.
 *
 * @throws {ReleaseError} when the script has no place for it.
 */
export function installerFor(script: string, repository: string): string {
  const filled = script.replace("\nREPOSITORY=''\n", `\nREPOSITORY='${repository}'\n`)
    .replaceAll("https://github.com/OWNER/tcpproxy/", `https://github.com/${repository}/`);
  if (filled === script || filled.includes("REPOSITORY=''")) {
    throw new ReleaseError("install.sh has no line REPOSITORY='' to fill in");
  }
  return filled;
}

async function main(): Promise<void> {
  const [folder, repository, ...others] = Deno.args;
  if (folder === undefined || repository === undefined || others.length > 0) {
    console.error(`release_files: the arguments are "${Deno.args.join(" ")}"; expected FOLDER OWNER/NAME`);
    Deno.exitCode = 2;
    return;
  }
  try {
    const sums = await Deno.readTextFile(`${folder}/SHA256SUMS`);
    const release = new ReleaseFacts({ version: VERSION, repository, sums });
    const files = {
      "tcpproxy.rb": homebrewFormula(release),
      "tcpproxy.json": scoopManifest(release),
      "install.sh": installerFor(await Deno.readTextFile(INSTALLER), repository),
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      console.log(`${folder}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof ReleaseError || error instanceof Deno.errors.NotFound)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}

if (import.meta.main) void main();
