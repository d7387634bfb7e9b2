/**
 * Proves that the tree is the architecture: every import points to a room of a smaller number through its `mod.ts`, no
 * files of a room import each other in a circle, and
 * what has its place in the runtime's API is used there alone. Prints `file:line: what is wrong; what is expected` and ends
 * with 1 where it is not so. The rules are in `_rooms.ts`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { checkApis } from "./_api_rules.ts";
import { checkCircles } from "./_circles.ts";
import { type Finding, formatFinding } from "./_finding.ts";
import { edgesOf, readGraph } from "./_graph.ts";
import { checkEdges } from "./_import_rules.ts";

const FOLDERS: ReadonlySet<string> = new Set(["lib", "tests", "bench", "tools"]);

/** All that is wrong in the repository at `root`, which ends in a slash. */
export async function checkRepository(root: URL): Promise<Finding[]> {
  const files = await sourceFiles(root);
  const edges = edgesOf(await readGraph(root, files), root);
  const findings = [...checkEdges(edges), ...checkCircles(edges)];
  for (const file of files) {
    if (file !== "main.ts" && !file.startsWith("lib/")) continue;
    findings.push(...checkApis(file, await Deno.readTextFile(new URL(file, root))));
  }
  return findings;
}

async function sourceFiles(root: URL): Promise<string[]> {
  const files: string[] = [];
  for await (const { isFile, isDirectory, name } of Deno.readDir(root)) {
    if (isFile && name === "main.ts") files.push(name);
    if (isDirectory && FOLDERS.has(name)) await collect(root, name, files);
  }
  return files.sort();
}

async function collect(root: URL, folder: string, into: string[]): Promise<void> {
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) await collect(root, path, into);
    else if (entry.isFile && path.endsWith(".ts")) into.push(path);
  }
}

async function main(): Promise<void> {
  const findings = await checkRepository(new URL("../../", import.meta.url));
  for (const finding of findings) console.error(formatFinding(finding));
  if (findings.length > 0) Deno.exitCode = 1;
}

if (import.meta.main) void main();
