/**
 * The licences of packages, from the runtime's cache.
 *
 * @module
 */
import type { LockedPackage } from "./_lock_file.ts";

/** A package's licence, as the package states it. */
export interface PackageLicense {
  /** Its SPDX identifier or expression. */
  readonly license: string;
  /** Its text, and that of notices; `undefined` if the package contains none. */
  readonly text: string | undefined;
  /** The web address of its source. */
  readonly source: string | undefined;
}

/** Files that a licence or a notice has; npm packages write them in many ways. */
const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/**
 * Reads a package's licence in its folder.
 *
 * @throws {Error} if its manifest names none.
 */
export async function readLicense({ id }: LockedPackage, folder: string): Promise<PackageLicense> {
  const manifest = JSON.parse(await Deno.readTextFile(`${folder}/package.json`));
  if (typeof manifest.license !== "string") {
    throw new Error(`licence of ${id}: its package.json has no "license"`);
  }
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && LICENSE_FILE.test(name)) names.push(name);
  }
  const texts = await Promise.all(names.sort().map((name) => Deno.readTextFile(`${folder}/${name}`)));
  return {
    license: manifest.license,
    text: texts.length === 0 ? undefined : texts.map((text) => text.trim()).join("\n\n"),
    source: sourceOf(manifest.repository),
  };
}

/** npm takes `owner/name`, `git+https://…`, or an object with `url`. */
function sourceOf(repository: unknown): string | undefined {
  const url = typeof repository === "object" && repository !== null && "url" in repository
    ? repository.url
    : repository;
  if (typeof url !== "string") return undefined;
  if (/^[\w.-]+\/[\w.-]+$/.test(url)) return `https://github.com/${url}`;
  const address = url.replace(/^git\+/, "").replace(/\.git$/, "");
  return address.startsWith("https://") ? address : undefined;
}

/** Returns the text that goes with an executable: every licence that its packages ask to be passed on. */
export function licenseList(
  packages: readonly LockedPackage[],
  licenses: ReadonlyMap<string, PackageLicense>,
): string {
  const parts = packages.map(({ id, name, version }) => {
    const { license, text, source } = licenses.get(id) ?? { license: "unknown" };
    return [
      `${name} ${version}`,
      `Licence: ${license}`,
      ...(source === undefined ? [] : [`Source: ${source}`]),
      "",
      text ?? "The package contains no licence text; its source has it.",
    ].join("\n");
  });
  return [HEADER, ...parts].join(`\n\n${"-".repeat(80)}\n\n`) + "\n";
}

const HEADER = `Packages that are part of the tcpproxy executable, and their licences.

The executable also contains the Deno runtime (MIT, https://github.com/denoland/deno), which lists the licences
of its own parts there.`;
