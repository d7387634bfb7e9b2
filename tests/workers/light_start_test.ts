import { assert, assertEquals } from "@std/assert";

const ENTRY = new URL("../../lib/workers/worker/entry.ts", import.meta.url);

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

Deno.test("a worker loads neither the config's schema nor its parsers", async () => {
  const packages = new Set<string>();
  const modules = new Set([ENTRY.href]);
  for (const module of modules) {
    for (const specifier of await staticImports(new URL(module))) {
      if (specifier.startsWith(".")) modules.add(new URL(specifier, module).href);
      else packages.add(specifier);
    }
  }
  assert(modules.size > 200, `only ${modules.size} modules were found`);
  assertEquals([...packages].filter((name) => !name.startsWith("node:")), []);
});
