import type { Edge } from "./_import_rules.ts";

/** What is read of `deno info --json`. */
export interface ModuleGraph {
  readonly modules: readonly GraphModule[];
}

interface GraphModule {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: readonly GraphDependency[];
}

interface GraphDependency {
  readonly specifier: string;
  readonly code?: GraphResolution;
  /** Where an import is for types alone. */
  readonly type?: GraphResolution;
}

interface GraphResolution {
  readonly specifier?: string;
  readonly error?: string;
  readonly span?: { readonly start: { readonly line: number } };
}

/** Characters of imports for one `deno info`: Linux takes no argument of 128 KiB (MAX_ARG_STRLEN, execve(2)). */
const MAX_SOURCE = 64 * 1024;

/**
 * The module graph of these files, from the runtime itself, so that what is checked is what will be run. However many files
 * there are, and however long their paths.
 *
 * @throws {Error} when `deno info` fails.
 */
export async function readGraph(root: URL, files: readonly string[]): Promise<ModuleGraph> {
  const modules = new Map<string, GraphModule>();
  for (const source of sourcesOf(files.map((file) => new URL(file, root).href))) {
    for (const module of (await readModules(root, source)).modules) modules.set(module.specifier, module);
  }
  return { modules: [...modules.values()] };
}

/** Modules that import these, each short enough for an argument. */
function sourcesOf(specifiers: readonly string[]): string[] {
  const sources: string[] = [];
  let source = "";
  for (const specifier of specifiers) {
    const statement = encodeURIComponent(`import ${JSON.stringify(specifier)};`);
    if (source !== "" && source.length + statement.length > MAX_SOURCE) {
      sources.push(source);
      source = "";
    }
    source += statement;
  }
  return source === "" ? sources : [...sources, source];
}

async function readModules(root: URL, source: string): Promise<ModuleGraph> {
  // `deno info` takes one root: a module that imports them all, and is nowhere on the disk.
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--quiet", `data:application/typescript,${source}`],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new Error(`read the module graph: deno info failed (${new TextDecoder().decode(stderr).trim()})`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The imports that files below `root` make, in the order of the files. */
export function edgesOf(graph: ModuleGraph, root: URL): Edge[] {
  const errors = new Map<string, string>();
  for (const { specifier, error } of graph.modules) if (error !== undefined) errors.set(specifier, error);
  const edges: Edge[] = [];
  for (const { specifier, dependencies } of graph.modules) {
    const from = below(root, specifier);
    if (from === undefined) continue;
    for (const dependency of dependencies ?? []) edges.push(edgeOf({ from, dependency, errors, root }));
  }
  return edges.sort((a, b) => a.from < b.from ? -1 : a.from > b.from ? 1 : a.line - b.line);
}

function edgeOf(
  parts: { from: string; dependency: GraphDependency; errors: ReadonlyMap<string, string>; root: URL },
): Edge {
  const { from, dependency, errors, root } = parts;
  const resolution = dependency.code ?? dependency.type;
  const target = resolution?.specifier;
  const error = resolution?.error ?? (target === undefined ? undefined : errors.get(target));
  return {
    from,
    line: (resolution?.span?.start.line ?? 0) + 1,
    specifier: dependency.specifier,
    to: target === undefined ? undefined : below(root, target),
    ...(error === undefined ? {} : { error: error.split("\n")[0] ?? "" }),
  };
}

function below(root: URL, specifier: string): string | undefined {
  return specifier.startsWith(root.href) ? decodeURIComponent(specifier.slice(root.href.length)) : undefined;
}
