import type { Finding } from "./_finding.ts";
import type { Edge } from "./_import_rules.ts";

/**
 * One finding for each circle of imports in `lib/`, at its first file. Type-only imports count: two files that need each
 * other's types cannot be read one after the other. Between rooms there is none, as they only import smaller numbers.
 */
export function checkCircles(edges: readonly Edge[]): Finding[] {
  const imports = new Map<string, Map<string, number>>();
  for (const { from, to, line } of edges) {
    if (to === undefined || !from.startsWith("lib/") || !to.startsWith("lib/")) continue;
    const lines = imports.get(from) ?? new Map<string, number>();
    if (!lines.has(to)) lines.set(to, line);
    imports.set(from, lines);
  }
  return knots(imports).map((files) => {
    const [file = ""] = files;
    const into = files.find((other) => other !== file && imports.get(file)?.has(other)) ?? file;
    const message = files.length === 1
      ? "the file imports itself; remove the import"
      : `${files.join(", ")} import each other; move what they share into a file of its own`;
    return { file, line: imports.get(file)?.get(into) ?? 1, message };
  });
}

/** The sets of files that reach each other, each sorted, by their first file (Tarjan 1972). */
function knots(imports: ReadonlyMap<string, ReadonlyMap<string, number>>): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const number = order.size;
    let low = number;
    order.set(file, number);
    open.push(file);
    for (const other of imports.get(file)?.keys() ?? []) {
      if (!order.has(other)) low = Math.min(low, visit(other));
      else if (open.includes(other)) low = Math.min(low, order.get(other) ?? low);
    }
    if (low === number) {
      const knot = open.splice(open.indexOf(file)).sort();
      if (knot.length > 1 || imports.get(file)?.has(file)) found.push(knot);
    }
    return low;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return found.sort(([a = ""], [b = ""]) => a < b ? -1 : 1);
}
