import type { Build } from "../lib/cli/mod.ts";

/** Reads the commit of a git checkout. Without git or a checkout (a source archive) the commit is unknown. */
export async function readBuild(root: URL): Promise<Build> {
  const commit = await git(root, "rev-parse", "--verify", "HEAD");
  if (commit === undefined) return { commit: undefined, isModified: false };
  const changes = await git(root, "status", "--porcelain", "--untracked-files=no");
  return { commit: commit.trim(), isModified: changes?.trim() !== "" };
}

/** The output of a git command; `undefined` when it fails, or there is no git. */
async function git(cwd: URL, ...args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("git", { args, cwd, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
