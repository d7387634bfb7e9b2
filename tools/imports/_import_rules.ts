import type { Finding } from "./_finding.ts";
import { FRONT_ROOM, ROOMS, SIDE_DOORS } from "./_rooms.ts";

/** One import, export-from or dynamic import; type-only ones count. */
export interface Edge {
  /** The importing file, relative to the repository's root, with slashes. */
  readonly from: string;
  /** From 1. */
  readonly line: number;
  /** As it is written. */
  readonly specifier: string;
  /** The imported file, relative to the root; `undefined` for what is no file of the repository. */
  readonly to: string | undefined;
  /** Why it cannot be resolved. */
  readonly error?: string;
}

const OUTSIDE_THE_PRODUCT = /^(?:tests|bench|tools)\//;

/** What is wrong with these imports, in their order. */
export function checkEdges(edges: readonly Edge[]): Finding[] {
  const findings: Finding[] = [];
  for (const edge of edges) {
    const message = checkEdge(edge);
    if (message !== undefined) findings.push({ file: edge.from, line: edge.line, message });
  }
  return findings;
}

function checkEdge(edge: Edge): string | undefined {
  const { from, specifier, to } = edge;
  if (/^(?:jsr:|https?:)/.test(specifier)) {
    return `"${specifier}" is imported from the network; expected a name of the import map`;
  }
  if (edge.error !== undefined) return `"${specifier}" cannot be resolved (${edge.error})`;
  if (to === undefined) return undefined;
  if (from === "main.ts") return checkMain(to);
  return from.startsWith("lib/") ? checkProduct(from, to) : undefined;
}

function checkMain(to: string): string | undefined {
  const front = `lib/${FRONT_ROOM}/mod.ts`;
  return to === front ? undefined : `main.ts imports "${to}"; expected "${front}" alone`;
}

function checkProduct(from: string, to: string): string | undefined {
  if (OUTSIDE_THE_PRODUCT.test(to)) {
    return `the product imports "${to}"; expected nothing of tests, bench or tools`;
  }
  if (!to.startsWith("lib/")) {
    // config.yaml and deno.json are embedded; code at the top level is not for lib.
    return /\.[cm]?[jt]sx?$/.test(to) ? `lib imports "${to}"; expected code of lib alone` : undefined;
  }
  const here = roomOf(from);
  const there = roomOf(to);
  for (const [file, room] of [[from, here], [to, there]] as const) {
    if (ROOMS[room] === undefined) {
      return `"${file}" is in no room; expected one of ROOMS in tools/imports/_rooms.ts`;
    }
  }
  return here === there ? checkPrivate(from, to) : checkRooms({ here, there, to });
}

function checkPrivate(from: string, to: string): string | undefined {
  const slash = to.lastIndexOf("/");
  const folder = to.slice(0, slash + 1);
  if (!to.startsWith("_", slash + 1) || from.startsWith(folder)) return undefined;
  return `"${to}" is private to "${folder}"; expected a file without "_"`;
}

function checkRooms(edge: { here: string; there: string; to: string }): string | undefined {
  const { here, there, to } = edge;
  const own = ROOMS[here] ?? 0;
  const other = ROOMS[there] ?? 0;
  if (other >= own) {
    return `room ${here} (${own}) imports room ${there} (${other}); expected a room with a smaller number`;
  }
  if (to !== `lib/${there}/mod.ts` && to !== SIDE_DOORS[there]) {
    return `room ${here} imports "${to}"; expected "lib/${there}/mod.ts"`;
  }
  return undefined;
}

function roomOf(file: string): string {
  const parts = file.split("/");
  return parts.length > 2 ? parts[1] ?? "" : "";
}
