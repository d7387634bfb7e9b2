import { assert, assertEquals } from "@std/assert";

const WORKER = new URL("../../lib/workers/worker/entry.ts", import.meta.url);
const MAIN = new URL("../../main.ts", import.meta.url);

/** What a module loads before it runs: its imports and re-exports, without those of types. */
async function staticImports(module: URL): Promise<string[]> {
  const text = await Deno.readTextFile(module);
  const statements = text.matchAll(/^(?:import|export)\s(?!type\s)([^;"]*?from\s+)?"([^"]+)";/gm);
  return [...statements].filter(([, names = ""]) => !onlyTypes(names)).map(([, , specifier = ""]) =>
    specifier
  );
}

function onlyTypes(clause: string): boolean {
  const names = /^\{([^}]*)\}/.exec(clause)?.[1]?.split(",").map((name) => name.trim()).filter(Boolean) ?? [];
  return names.length > 0 && names.every((name) => name.startsWith("type "));
}

/** What a module loads before it runs, and of what packages. */
async function loadedBy(entry: URL): Promise<{ modules: Set<string>; packages: string[] }> {
  const packages = new Set<string>();
  const modules = new Set([entry.href]);
  for (const module of modules) {
    for (const specifier of await staticImports(new URL(module))) {
      if (specifier.startsWith(".")) modules.add(new URL(specifier, module).href);
      else if (!specifier.startsWith("node:")) packages.add(specifier);
    }
  }
  return { modules, packages: [...packages] };
}

Deno.test("a worker loads neither the config's schema nor its parsers", async () => {
  const { modules, packages } = await loadedBy(WORKER);
  assert(modules.size > 200, `only ${modules.size} modules were found`);
  assertEquals(packages, []);
});

Deno.test("a command loads its words alone before it runs: the rest loads beside the first worker", async () => {
  const { modules, packages } = await loadedBy(MAIN);
  const rooms = [...modules].map((module) => /\/lib\/([^/]+)\//.exec(module)?.[1] ?? "");
  assertEquals(new Set(rooms), new Set(["", "base", "cli", "net", "runtime", "workers"]));
  assertEquals(packages.filter((name) => !name.startsWith("@std/")), []);
});
