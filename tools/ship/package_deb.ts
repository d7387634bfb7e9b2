/**
 * Builds the Debian package of an executable with dpkg-deb:
 * `deno run -A tools/ship/package_deb.ts [--executable dist/tcpproxy] [--output dist]`.
 *
 * `$DEBFULLNAME` and `$DEBEMAIL` name the maintainer, `$HOMEPAGE` the project's address; `$SOURCE_DATE_EPOCH` is the date
 * of the files. Third-party licenses are taken from `THIRD_PARTY_LICENSES.txt` beside the executable, if it is there.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { parseArgs } from "@std/cli/parse-args";
import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { COMMANDS } from "../../lib/cli/commands/mod.ts";
import { completionScript } from "../../lib/cli/completion/completion_script.ts";
import { VERSION } from "../../lib/cli/version.ts";
import {
  compressedFile,
  control,
  debianChangelog,
  debianCopyright,
  debianVersion,
  elfArchitecture,
  packagedUnit,
  type PackageFile,
  textFile,
  withoutHead,
} from "./_debian_files.ts";
import { manPages, sourceDate } from "./man.ts";

const ROOT = new URL("../../", import.meta.url);

/** Files that dpkg leaves as they are when the operator has changed them. */
const CONFFILES = ["etc/tcpproxy/config.yaml", "etc/logrotate.d/tcpproxy"] as const;

const SCRIPTS = ["postinst", "prerm", "postrm"] as const;

/** The package cannot be built. */
export class PackageError extends Error {
  override readonly name = "PackageError";
}

export interface DebianPackageOptions {
  readonly executable: string;
  /** The folder for the package. */
  readonly output: string;
  /** Default the architecture of the executable. */
  readonly architecture?: string;
  /** Default that of deno.json. */
  readonly version?: string;
  /** dpkg-deb's `-Z`; default xz. */
  readonly compression?: "xz" | "none";
}

/**
 * Builds the package, and returns its path.
 *
 * @throws {PackageError} when the executable is none for Linux, or dpkg-deb is missing or fails.
 */
export async function packageDeb(options: DebianPackageOptions): Promise<string> {
  const { executable, output, version = VERSION, compression = "xz" } = options;
  const binary = await Deno.readFile(executable);
  const architecture = options.architecture ?? elfArchitecture(binary);
  if (architecture === undefined) {
    throw new PackageError(
      `package ${executable}: not an executable for Linux on x86-64 or ARM64; name another with --executable`,
    );
  }
  const maintainer = `${Deno.env.get("DEBFULLNAME") || "tcpproxy contributors"} <${
    Deno.env.get("DEBEMAIL") || "tcpproxy@users.noreply.github.com"
  }>`;
  const files = await packageFiles({ executable, binary, version, maintainer });
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  const homepage = Deno.env.get("HOMEPAGE") || undefined;
  const sums = files.map(({ path, content }) =>
    `${createHash("md5").update(content).digest("hex")}  ${path}\n`
  );
  const scripts = await Promise.all(
    SCRIPTS.map(async (name) => textFile(`DEBIAN/${name}`, await read(`deploy/debian/${name}`), 0o755)),
  );
  const folder = await Deno.makeTempDir({ prefix: "tcpproxy-deb-" });
  try {
    // mktemp's own mode would become that of "/".
    await Deno.chmod(folder, 0o755);
    for (
      const file of [
        ...files,
        ...scripts,
        textFile("DEBIAN/control", control({ version, architecture, maintainer, homepage, bytes })),
        textFile("DEBIAN/conffiles", CONFFILES.map((path) => `/${path}\n`).join("")),
        textFile("DEBIAN/md5sums", sums.join("")),
      ]
    ) await place(folder, file);
    const path = `${output}/tcpproxy_${debianVersion(version)}_${architecture}.deb`;
    await Deno.mkdir(output, { recursive: true });
    await build(folder, path, compression);
    return path;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function packageFiles(
  { executable, binary, version, maintainer }: {
    executable: string;
    binary: Uint8Array;
    version: string;
    maintainer: string;
  },
): Promise<PackageFile[]> {
  const doc = "usr/share/doc/tcpproxy";
  const date = sourceDate();
  const pages = manPages(date);
  const licenses = await optional(`${dirname(executable)}/THIRD_PARTY_LICENSES.txt`);
  const examples = [
    ...filesOf("examples", /\.yaml$/),
    // For those who want systemd to bind the ports.
    ...filesOf("deploy/systemd", /\.socket$/),
    ...filesOf("deploy/systemd/tcpproxy.service.d", /\.conf$/),
  ];
  return [
    { path: "usr/bin/tcpproxy", mode: 0o755, content: binary },
    textFile(CONFFILES[0], await read("lib/cli/commands/config/init_template.yaml")),
    textFile(CONFFILES[1], withoutHead(await read("deploy/logrotate/tcpproxy"))),
    textFile(
      "usr/lib/systemd/system/tcpproxy.service",
      packagedUnit(await read("deploy/systemd/tcpproxy.service")),
    ),
    textFile("usr/lib/sysusers.d/tcpproxy.conf", withoutHead(await read("deploy/sysusers.d/tcpproxy.conf"))),
    textFile("usr/share/bash-completion/completions/tcpproxy", completionScript("bash", COMMANDS)),
    textFile("usr/share/zsh/vendor-completions/_tcpproxy", completionScript("zsh", COMMANDS)),
    textFile("usr/share/fish/vendor_completions.d/tcpproxy.fish", completionScript("fish", COMMANDS)),
    compressedFile("usr/share/man/man1/tcpproxy.1", pages["tcpproxy.1"] ?? ""),
    compressedFile("usr/share/man/man5/tcpproxy.yaml.5", pages["tcpproxy.yaml.5"] ?? ""),
    textFile("usr/share/lintian/overrides/tcpproxy", await read("deploy/debian/lintian-overrides")),
    textFile(
      `${doc}/copyright`,
      debianCopyright(await read("deploy/debian/copyright"), await read("LICENSE")),
    ),
    compressedFile(`${doc}/changelog.Debian`, debianChangelog({ version, maintainer, date })),
    compressedFile(`${doc}/changelog`, await read("CHANGELOG.md")),
    ...await Promise.all(
      filesOf("docs", /\.md$/).map(async (path) => textFile(`${doc}/${basename(path)}`, await read(path))),
    ),
    ...await Promise.all(
      examples.map(async (path) => textFile(`${doc}/examples/${basename(path)}`, await read(path))),
    ),
    ...(licenses === undefined ? [] : [compressedFile(`${doc}/THIRD_PARTY_LICENSES.txt`, licenses)]),
  ];
}

/** The paths of the files in a folder whose names match, in order. */
function filesOf(folder: string, name: RegExp): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))]
    .filter((entry) => entry.isFile && name.test(entry.name))
    .map((entry) => `${folder}/${entry.name}`)
    .sort();
}

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

async function optional(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function place(folder: string, { path, mode, content }: PackageFile): Promise<void> {
  const target = `${folder}/${path}`;
  // Whatever the umask is, a package's folders are for everyone.
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
    await Deno.mkdir(`${folder}/${path.slice(0, at)}`, { recursive: true });
    await Deno.chmod(`${folder}/${path.slice(0, at)}`, 0o755);
  }
  await Deno.writeFile(target, content);
  await Deno.chmod(target, mode);
}

async function build(folder: string, path: string, compression: string): Promise<void> {
  // A higher level takes four times as long, and saves a tenth.
  const args = ["--root-owner-group", `-Z${compression}`, "-z2", "--build", folder, path];
  // The epoch bounds the times of all files in the archive.
  const env = { SOURCE_DATE_EPOCH: String(Math.floor(sourceDate().getTime() / 1000)) };
  let result: Deno.CommandOutput;
  try {
    result = await new Deno.Command("dpkg-deb", { args, env }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new PackageError(`build ${path}: there is no dpkg-deb; install dpkg`);
  }
  if (result.success) return;
  throw new PackageError(`build ${path}: dpkg-deb failed: ${new TextDecoder().decode(result.stderr).trim()}`);
}

async function main(): Promise<void> {
  const { executable, output } = parseArgs(Deno.args, {
    string: ["executable", "output"],
    default: { executable: "dist/tcpproxy", output: "dist" },
  });
  try {
    console.log(await packageDeb({ executable, output }));
  } catch (error) {
    if (!(error instanceof PackageError || error instanceof Deno.errors.NotFound)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}

if (import.meta.main) void main();
