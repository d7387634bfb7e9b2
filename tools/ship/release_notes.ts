/**
 * Prints the release notes of a version, from `CHANGELOG.md`: `deno run --allow-read tools/ship/release_notes.ts 1.2.3`.
 * Fails when the changelog has no section for it.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

/** The changelog has no notes for a version. */
export class ReleaseNotesError extends Error {
  override readonly name = "ReleaseNotesError";
}

/**
 * The notes of one version in a changelog in the format of Keep a Changelog. Each paragraph and item is one line, because
 * release pages show every line feed as a line break.
 *
 * @throws {ReleaseNotesError} when there is no section for the version, when it has no date, or when it is empty.
 */
export function releaseNotes(changelog: string, version: string): string {
  const lines = changelog.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`## [${version}]`));
  if (start === -1) {
    throw new ReleaseNotesError(
      `read CHANGELOG.md: there is no section for ${version}; rename "## [Unreleased]" to "## [${version}] - YYYY-MM-DD"`,
    );
  }
  if (!/^## \[[^\]]+\] - \d{4}-\d{2}-\d{2}$/.test(lines[start] ?? "")) {
    throw new ReleaseNotesError(
      `read CHANGELOG.md: the section is headed "${lines[start]}"; expected "## [${version}] - YYYY-MM-DD"`,
    );
  }
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith("## "));
  const notes = unwrap(length === -1 ? lines.slice(start + 1) : lines.slice(start + 1, start + 1 + length));
  if (!notes.some((line) => line !== "" && !line.startsWith("#"))) {
    throw new ReleaseNotesError(
      `read CHANGELOG.md: the section of ${version} is empty; say what users notice`,
    );
  }
  return `${notes.join("\n").trim()}\n`;
}

/** Lines that begin something of their own: an item, a heading, a table, a quotation, a link's address. */
const BEGINS = /^\s*(?:[-*+] |\d+\. |#|\||>|\[[^\]]+\]: )/;

/** Joins each line to the one before that it continues. Code blocks stay as they are. */
function unwrap(lines: readonly string[]): string[] {
  const joined: string[] = [];
  let isCode = false;
  let canContinue = false;
  for (const line of lines) {
    const isFence = /^\s*```/.test(line);
    const last = joined.length - 1;
    if (canContinue && !isCode && !isFence && line.trim() !== "" && !BEGINS.test(line)) {
      joined[last] = `${joined[last]} ${line.trim()}`;
      continue;
    }
    joined.push(line.trimEnd());
    if (isFence) isCode = !isCode;
    canContinue = !isCode && !isFence && line.trim() !== "" && !/^\s*[#|]/.test(line);
  }
  return joined;
}

async function main(): Promise<void> {
  const [version, ...others] = Deno.args;
  if (version === undefined || others.length > 0) {
    console.error(
      `release_notes: the arguments are "${Deno.args.join(" ")}"; expected a version such as 1.2.3`,
    );
    Deno.exitCode = 2;
    return;
  }
  try {
    const changelog = await Deno.readTextFile(new URL("../../CHANGELOG.md", import.meta.url));
    await Deno.stdout.write(new TextEncoder().encode(releaseNotes(changelog, version)));
  } catch (error) {
    if (!(error instanceof ReleaseNotesError)) throw error;
    console.error(error.message);
    Deno.exitCode = 1;
  }
}

if (import.meta.main) void main();
