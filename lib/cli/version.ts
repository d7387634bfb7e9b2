/**
 * The program's version, as semver; that of `deno.json`. It is not imported from there: an executable that imports JSON
 * never keeps its compiled code, and compiles everything at each start.
 */
export const VERSION = "0.1.0";

/** The sources that an executable was compiled from. */
export interface Build {
  /** The full hash of the commit; `undefined` where the compiler had no git checkout. */
  readonly commit: string | undefined;
  /** Whether files differed from that commit. */
  readonly isModified: boolean;
}

/** How much of a commit's hash a person reads. */
const SHORT_COMMIT = 12;

let recorded: Build | undefined;

/** Records what the program was built from. An executable's entry module calls it once, before anything else. */
export function recordBuild(build: Build): void {
  recorded = build;
}

/** What the program was built from; `undefined` for a development run (`deno run main.ts`). */
export function currentBuild(): Build | undefined {
  return recorded;
}

/** The version and the build in one line: `tcpproxy 1.2.3 (0123456789ab)`. */
export function versionLine(build: Build | undefined): string {
  return `tcpproxy ${VERSION} (${buildText(build)})`;
}

function buildText(build: Build | undefined): string {
  if (build === undefined) return "development run";
  if (build.commit === undefined) return "unknown commit";
  return `${build.commit.slice(0, SHORT_COMMIT)}${build.isModified ? ", modified" : ""}`;
}
