import type { Notes } from "../../note.ts";
import { type Acls, readCondition, type Term } from "./conditions.ts";
import type { ConfigLine } from "../lines.ts";

/** Where connections with some names or protocols go. */
export interface RouteDraft {
  readonly line: number;
  readonly backend: string;
  readonly sni: readonly string[];
  readonly alpn: readonly string[];
}

/** Reads the `use_backend` lines of a frontend. */
export function readRoutes(
  lines: readonly ConfigLine[],
  { acls, notes }: { readonly acls: Acls; readonly notes: Notes },
): RouteDraft[] {
  const routes: RouteDraft[] = [];
  for (const each of lines.filter(({ words: [keyword] }) => keyword === "use_backend")) {
    for (const route of readRoute(each, { acls, notes })) {
      const last = routes.at(-1);
      const both = last?.backend === route.backend ? merged([last, route]) : [route];
      // Names of one backend in lines that follow each other are one route.
      if (last?.backend === route.backend && both.length === 1) routes.pop();
      routes.push(both.at(-1) ?? route);
    }
  }
  return routes;
}

function readRoute(
  { line, words }: ConfigLine,
  { acls, notes }: { readonly acls: Acls; readonly notes: Notes },
): RouteDraft[] {
  const backend = words[1] ?? "";
  const shown = `use_backend ${words.slice(1).join(" ")}`;
  if (backend.includes("%[")) {
    notes.leftOut(line, `${shown}: backends are not computed; write a route for each server name`);
    return [];
  }
  const condition = readCondition(words, acls);
  if (condition === undefined) return [{ line, backend, sni: [], alpn: [] }];
  const routes: RouteDraft[] = [];
  for (const terms of condition) {
    const route = routeOf(terms, { line, backend });
    if (route === undefined) {
      notes.leftOut(line, `${shown}: routes go by server name (SNI) and protocol (ALPN) alone`);
    } else if (route !== "never") {
      if (terms.some((term) => term.kind === "sni" && term.isLoose)) {
        notes.changed(line, `${shown}: names that only end alike, without a dot before, are not taken`);
      }
      routes.push(route);
    }
  }
  return merged(routes);
}

function routeOf(
  terms: readonly Term[],
  { line, backend }: { readonly line: number; readonly backend: string },
): RouteDraft | "never" | undefined {
  let sni: readonly string[] | undefined;
  let alpn: readonly string[] | undefined;
  let isTls = false;
  for (const term of terms) {
    if (term.kind === "always") {
      if (term.isNegated) return "never";
    } else if (term.isNegated) return undefined;
    else if (term.kind === "hello") isTls = true;
    else if (term.kind === "sni" && sni === undefined) sni = term.names;
    else if (term.kind === "alpn" && alpn === undefined) alpn = term.protocols;
    else return undefined;
  }
  // A route without a name also takes what is no TLS.
  if (isTls && sni === undefined && alpn === undefined) return undefined;
  return { line, backend, sni: sni ?? [], alpn: alpn ?? [] };
}

/** Alternatives that differ in their names alone are one route. */
function merged(routes: readonly RouteDraft[]): RouteDraft[] {
  const [first] = routes;
  if (first === undefined || routes.length === 1) return [...routes];
  const isByName = routes.every(({ sni, alpn }) => sni.length > 0 && alpn.join() === first.alpn.join());
  return isByName ? [{ ...first, sni: [...new Set(routes.flatMap(({ sni }) => sni))] }] : [...routes];
}
