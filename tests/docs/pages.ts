import { fileURLToPath } from "node:url";
import { type Page, parsePage } from "./markdown.ts";

/** The repository's folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** The page that all others are reached from. */
export const INDEX = "docs/README.md";

/** Where pages are: these folders with all below them, and the top level. */
const FOLDERS = ["docs", "bench", "examples", "deploy", ".github"];

/** Every Markdown page of the repository, by its path. */
export function readPages(): ReadonlyMap<string, Page> {
  const paths = [
    ...[...Deno.readDirSync(ROOT)].filter(({ isFile }) => isFile).map(({ name }) => name),
    ...FOLDERS.flatMap((folder) => filesBelow(folder)),
  ].filter((path) => path.endsWith(".md")).sort();
  return new Map(paths.map((path) => [path, parsePage(path, Deno.readTextFileSync(`${ROOT}${path}`))]));
}

function filesBelow(folder: string): string[] {
  if (!exists(folder)) return [];
  return [...Deno.readDirSync(`${ROOT}${folder}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

/** Whether the repository has a file or folder of this path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(`${ROOT}${path}`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Where a link of a page leads to: a path of the repository and what stands after `#`; `undefined` for elsewhere. */
export function resolveLink(from: string, target: string): { path: string; anchor: string } | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [path = "", anchor = ""] = target.split("#");
  if (path === "") return { path: from, anchor };
  const url = new URL(decodeURI(path), `file:///${from}`);
  return { path: decodeURI(url.pathname).slice(1).replace(/\/$/, ""), anchor };
}
