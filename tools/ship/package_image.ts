/**
 * Builds the container image of an executable for this machine's architecture:
 * `deno run -A tools/ship/package_image.ts [--executable dist/tcpproxy] [--output dist] [--builder docker|podman|buildah]`.
 *
 * The image is made from scratch: the executable, and the libraries that ldd names, which are this machine's. So it is
 * as old or new as the C library here. The result is an archive for `docker load` and `podman load`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { parseArgs } from "@std/cli/parse-args";
import { fileURLToPath } from "node:url";
import { basename, dirname } from "node:path";
import { VERSION } from "../../lib/cli/version.ts";
import { readBuild } from "../_read_build.ts";
import { elfArchitecture } from "./_debian_files.ts";
import { IMAGE_TEXTS, LOADED_BY_NAME, missingLibraries, parseLdd, STATE_FOLDERS } from "./_image_files.ts";
import { sourceDate } from "./man.ts";

const ROOT = new URL("../../", import.meta.url);
const CONTAINERFILE = fileURLToPath(new URL("deploy/container/Containerfile", ROOT));

/** The programs that can build an image, the preferred one first. */
export const BUILDERS = ["docker", "podman", "buildah"] as const;

/** One of {@link BUILDERS}. */
export type Builder = typeof BUILDERS[number];

/** The image cannot be built. */
export class ImageError extends Error {
  override readonly name = "ImageError";
}

/**
 * Makes the folder that the image is built from: `root/` and `state/`.
 *
 * @throws {ImageError} when the libraries of the executable cannot be found: it is for another system.
 */
export async function imageContext(executable: string, folder: string): Promise<void> {
  const libraries = await librariesOf(executable);
  const root = `${folder}/root`;
  await copy(executable, `${root}/usr/bin/tcpproxy`, 0o755);
  // ldd gives links (libc.so.6); what is copied is the file, under the link's name.
  for (const path of libraries) await copy(path, `${root}${path}`, 0o755);
  for (const [path, text] of Object.entries(IMAGE_TEXTS)) {
    await Deno.mkdir(dirname(`${root}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${root}/${path}`, text);
  }
  for (const path of STATE_FOLDERS) await Deno.mkdir(`${folder}/state/${path}`, { recursive: true });
}

async function librariesOf(executable: string): Promise<string[]> {
  const { stdout, stderr } = await run("ldd", executable);
  const missing = missingLibraries(stdout);
  const paths = parseLdd(stdout);
  const libc = paths.find((path) => basename(path) === "libc.so.6");
  if (missing.length > 0 || libc === undefined) {
    throw new ImageError(
      `read the libraries of ${executable}: ${[stderr.trim(), ...missing].join(" ").trim()}; ` +
        "build the image on a Linux machine of the executable's architecture",
    );
  }
  const loaded = LOADED_BY_NAME.map((name) => `${dirname(libc)}/${name}`);
  return [...new Set([...paths, ...loaded.filter(isFile)])];
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function copy(from: string, to: string, mode: number): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
  await Deno.chmod(to, mode);
}

export interface ImageOptions {
  readonly executable: string;
  readonly builder: Builder;
  /** The folder for the archive. */
  readonly output: string;
  /** Options of the builder before its command, such as a storage of its own. */
  readonly builderOptions?: readonly string[];
}

/**
 * Builds the image and saves it; returns the path of the archive.
 *
 * @throws {ImageError} when the executable is none for this machine, or the builder fails.
 */
export async function packageImage(options: ImageOptions): Promise<string> {
  const { executable, builder, output, builderOptions = [] } = options;
  const head = new Uint8Array(64);
  using file = await Deno.open(executable);
  await file.read(head);
  const architecture = elfArchitecture(head);
  if (architecture === undefined) {
    throw new ImageError(`build an image of ${executable}: not an executable for Linux; compile one`);
  }
  const context = await Deno.makeTempDir({ prefix: "tcpproxy-image-" });
  // The folder becomes "/" of the image.
  await Deno.chmod(context, 0o755);
  try {
    await imageContext(executable, context);
    const name = `tcpproxy:${VERSION}`;
    const build = await readBuild(ROOT);
    const values = {
      VERSION,
      REVISION: build.commit ?? "unknown",
      CREATED: sourceDate().toISOString(),
      SOURCE: Deno.env.get("HOMEPAGE") ?? "",
    };
    const tool = [builder, ...builderOptions];
    await must(
      ...tool,
      "build",
      ...formatOf(builder),
      "--file",
      CONTAINERFILE,
      "--tag",
      name,
      ...Object.entries(values).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
      context,
    );
    const archive = `${output}/tcpproxy-${VERSION}-image-${architecture}.tar`;
    await Deno.mkdir(output, { recursive: true });
    // buildah does not replace an archive, it adds to it.
    await Deno.remove(archive).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (builder === "buildah") await must(...tool, "push", name, `docker-archive:${archive}:${name}`);
    else await must(...tool, "save", "--output", archive, name);
    return archive;
  } finally {
    await Deno.remove(context, { recursive: true });
  }
}

/** Images in OCI's own format have no health check. */
function formatOf(builder: Builder): string[] {
  return builder === "docker" ? [] : ["--format", "docker"];
}

async function must(...command: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(...command);
  if (code !== 0) {
    throw new ImageError(`${command.slice(0, 2).join(" ")} failed: ${(stderr || stdout).trim()}`);
  }
}

async function run(...command: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const [program = "", ...args] = command;
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { code: 127, stdout: "", stderr: `there is no ${program}` };
  }
}

/** The first builder that works here: a docker without its daemon does not. */
export function findBuilder(): Builder | undefined {
  return BUILDERS.find((builder) => {
    const args = [builder === "docker" ? "version" : "--version"];
    try {
      return new Deno.Command(builder, { args, stdout: "null", stderr: "null" }).outputSync().success;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

async function main(): Promise<void> {
  const { executable, output, builder: asked } = parseArgs(Deno.args, {
    string: ["executable", "output", "builder"],
    default: { executable: "dist/tcpproxy", output: "dist" },
  });
  const builder = BUILDERS.find((each) => each === asked) ??
    (asked === undefined ? findBuilder() : undefined);
  try {
    if (builder === undefined) {
      throw new ImageError(
        `build an image: there is no ${asked ?? "builder"}; install docker, podman or buildah`,
      );
    }
    console.log(await packageImage({ executable, builder, output }));
  } catch (error) {
    if (!(error instanceof ImageError || error instanceof Deno.errors.NotFound)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}

if (import.meta.main) void main();
