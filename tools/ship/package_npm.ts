/**
 * Makes the npm package, whose `npx tcpproxy` runs the program with Node.js alone:
 * `deno run -A tools/ship/package_npm.ts [FOLDER]`, by default into `dist/npm/`, and packs it with npm if that is there.
 *
 * The package has the bundle that executables are compiled from, so nothing is downloaded when it runs, and depends on the
 * npm package `deno`, which brings the runtime for each system.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { fileURLToPath } from "node:url";
import { VERSION } from "../../lib/cli/version.ts";
import { BundleError, bundleProgram } from "../bundle.ts";
import { V8_FLAGS } from "../v8_flags.ts";

const ROOT = new URL("../../", import.meta.url);

/** The runtime that the package depends on: the one that the tests run on. */
export const RUNTIME_VERSION = "2.9.6";

/** Where the package has the bundle. */
const BUNDLE_FOLDER = "bundle";

/** The package cannot be made. */
export class NpmPackageError extends Error {
  override readonly name = "NpmPackageError";
}

/** The text of `package.json`. `homepage` is the repository's address, where it is known. */
export function packageManifest(version: string, homepage?: string): string {
  const manifest = {
    name: "tcpproxy",
    version,
    description: "TCP proxy with health checks, limits, routing and live reload",
    license: "MIT",
    ...(homepage === undefined ? {} : { homepage, repository: { type: "git", url: `git+${homepage}.git` } }),
    keywords: ["tcp", "proxy", "load-balancer", "tls"],
    type: "module",
    bin: { tcpproxy: "tcpproxy.cjs" },
    files: [BUNDLE_FOLDER, "tcpproxy.cjs", "THIRD_PARTY_LICENSES.txt", "CHANGELOG.md"],
    engines: { node: ">=18" },
    dependencies: { deno: RUNTIME_VERSION },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/**
 * Writes the package's files into a folder.
 *
 * @throws {BundleError} when the program cannot be bundled.
 */
export async function writeNpmPackage(folder: string): Promise<void> {
  await bundleProgram(`${folder}/${BUNDLE_FOLDER}`);
  const launcher = await Deno.readTextFile(new URL("deploy/npm/tcpproxy.cjs", ROOT));
  await Deno.writeTextFile(`${folder}/tcpproxy.cjs`, launcher.replace("@V8_FLAGS@", V8_FLAGS), {
    mode: 0o755,
  });
  const homepage = Deno.env.get("HOMEPAGE") || undefined;
  await Deno.writeTextFile(`${folder}/package.json`, packageManifest(VERSION, homepage));
  for (const name of ["LICENSE", "CHANGELOG.md"]) {
    await Deno.copyFile(new URL(name, ROOT), `${folder}/${name}`);
  }
  await Deno.writeTextFile(`${folder}/README.md`, README);
}

const README = `# tcpproxy

A TCP proxy: many ports, many apps, and for each connection a target that answers.

\`\`\`sh
npx tcpproxy demo       # a proxy with echo servers behind it; it prints what to try
npx tcpproxy init       # writes a config with comments
npx tcpproxy            # runs ./config.yaml
npx tcpproxy help
\`\`\`

The package brings its runtime, Deno, as a dependency. On servers, install the executable or a package of the releases:
it needs no Node.js.
`;

async function deno(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (success) return;
  throw new NpmPackageError(`deno ${args[0]} failed: ${new TextDecoder().decode(stderr).trim()}`);
}

/** The licenses of what is bundled, which the list of parts is written with. */
async function writeLicenses(folder: string): Promise<void> {
  await deno("task", "--quiet", "sbom", folder);
  await Deno.remove(`${folder}/tcpproxy.cdx.json`);
}

async function main(): Promise<void> {
  const [folder = fileURLToPath(new URL("dist/npm", ROOT)), ...others] = Deno.args;
  if (others.length > 0) {
    console.error(`package_npm: the arguments are "${Deno.args.join(" ")}"; expected a folder, or none`);
    Deno.exitCode = 2;
    return;
  }
  try {
    await writeNpmPackage(folder);
    await writeLicenses(folder);
    console.log(await pack(folder));
  } catch (error) {
    if (!(error instanceof NpmPackageError || error instanceof BundleError)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}

/** Packs the folder into an archive beside its files, and returns its path; the folder's where there is no npm. */
async function pack(folder: string): Promise<string> {
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  try {
    const { success, stdout, stderr } = await new Deno.Command(npm, {
      args: ["pack", "--silent", "--ignore-scripts"],
      cwd: folder,
    }).output();
    if (!success) throw new NpmPackageError(`npm pack failed: ${new TextDecoder().decode(stderr).trim()}`);
    return `${folder}/${new TextDecoder().decode(stdout).trim()}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return folder;
    throw error;
  }
}

if (import.meta.main) void main();
