/**
 * Writes what the executable is made of: `dist/tcpproxy.cdx.json`, a list of its parts (SBOM, CycloneDX 1.6), and
 * `dist/THIRD_PARTY_LICENSES.txt`, the licences of its packages. Another folder may be given.
 *
 * The compiler, whose runtime is a part, is `$DENO_COMPILER`, by default `deno`. `$SOURCE_DATE_EPOCH` sets the date.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers
import { fileURLToPath } from "node:url";
import manifest from "../../deno.json" with { type: "json" };
import { OUTPUT_FOLDER, WORKER_MODULES } from "../compile_plan.ts";
import { cycloneDx } from "./_cyclonedx.ts";
import { lockedPackages, withDependencies } from "./_lock_file.ts";
import { licenseList, type PackageLicense, readLicense } from "./_package_licenses.ts";

const ROOT = new URL("../../", import.meta.url);

/** What `deno info --json` says of a module graph, as far as it is used. */
interface GraphInfo {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, { readonly localPath?: string }>>;
}

async function main(): Promise<void> {
  const [folder = fileURLToPath(new URL(OUTPUT_FOLDER, ROOT)), ...others] = Deno.args;
  if (others.length > 0) throw new Error(`sbom: ${Deno.args.length} arguments; expected a folder, or none`);
  const packages = lockedPackages(await Deno.readTextFile(new URL("deno.lock", ROOT)));
  const graphs = await Promise.all(["main.ts", ...WORKER_MODULES].map(graphOf));
  const direct = new Set(graphs.flatMap(({ modules }) => modules.flatMap((each) => each.npmPackage ?? [])));
  const shipped = withDependencies(direct, packages);
  const folders = new Map(graphs.flatMap(({ npmPackages }) => Object.entries(npmPackages)));
  const licenses = new Map<string, PackageLicense>();
  for (const each of packages) {
    const path = folders.get(each.id)?.localPath;
    if (path === undefined) throw new Error(`licence of ${each.id}: not in the cache; run deno install`);
    licenses.set(each.id, await readLicense(each, path));
  }
  const bill = cycloneDx({
    version: manifest.version,
    runtime: await runtimeVersion(),
    packages,
    shipped: new Set(shipped.map(({ id }) => id)),
    direct,
    licenses,
    date: buildDate(),
    serial: crypto.randomUUID(),
  });
  await Deno.mkdir(folder, { recursive: true });
  await write(`${folder}/tcpproxy.cdx.json`, `${JSON.stringify(bill, undefined, 2)}\n`);
  await write(`${folder}/THIRD_PARTY_LICENSES.txt`, licenseList(shipped, licenses));
}

async function graphOf(module: string): Promise<GraphInfo> {
  return JSON.parse(await output(Deno.execPath(), ["info", "--json", module]));
}

/** The version of the runtime that an executable contains: that of the compiler. */
async function runtimeVersion(): Promise<string> {
  const compiler = Deno.env.get("DENO_COMPILER") || Deno.execPath();
  const said = await output(compiler, ["--version"]);
  const version = /^deno (\d+\.\d+\.\d+\S*)/.exec(said)?.[1];
  if (version === undefined) throw new Error(`sbom: "${compiler} --version" names no version`);
  return version;
}

function buildDate(): Date {
  const epoch = Deno.env.get("SOURCE_DATE_EPOCH");
  return epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`sbom: "${command} ${args.join(" ")}" failed\n${new TextDecoder().decode(stderr)}`);
}

async function write(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  console.log(path);
}

if (import.meta.main) void main();
