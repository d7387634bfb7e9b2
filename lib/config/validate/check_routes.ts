/**
 * Routes that can never match, because those before them take everything that they would.
 *
 * @module
 */

import { Route } from "../schema/app/route.ts";
import { asList, asMapping, parsed, type Raw } from "./raw.ts";
import { formatPath } from "../report/problem.ts";
import type { Path, Problem } from "../report/problem.ts";

/** The conditions of a route; `undefined` for none. */
interface Rule {
  readonly index: number;
  readonly sni: ReadonlySet<string> | undefined;
  readonly alpn: ReadonlySet<string> | undefined;
}

/** Checks the routes of the app at a path. */
export function checkRoutes(app: Raw, path: Path): Problem[] {
  const problems: Problem[] = [];
  const earlier = new RuleIndex();
  let catchAll: number | undefined;
  for (const [index, value] of asList(app.routes).entries()) {
    const rule = ruleOf(asMapping(value), index);
    if (rule === undefined) continue;
    const cover = catchAll ?? earlier.findCover(rule);
    if (cover !== undefined) {
      const other = formatPath([...path, "routes", cover]);
      const message = catchAll === undefined
        ? `the route never matches, as ${other} takes all that it would; move it before that one`
        : `the route never matches, as ${other} has no "sni" and no "alpn" and takes everything; ` +
          `move it before that one`;
      problems.push({ path: [...path, "routes", index], message });
    }
    if (rule.sni === undefined && rule.alpn === undefined) catchAll ??= index;
    earlier.add(rule);
  }
  if (catchAll !== undefined && asList(app.targets).length > 0) {
    const message =
      `the targets are never used, as ${formatPath([...path, "routes", catchAll])} has no "sni" ` +
      `and no "alpn" and takes everything; keep one of the two`;
    problems.push({ path: [...path, "targets"], at: "key", message });
  }
  return problems;
}

function ruleOf(route: Raw, index: number): Rule | undefined {
  const sni = parsed(Route.shape.sni, route.sni);
  const alpn = parsed(Route.shape.alpn, route.alpn);
  const isGood = (sni === undefined) === (route.sni === undefined) &&
    (alpn === undefined) === (route.alpn === undefined);
  // A mistyped key may be the one that says what the route takes.
  const isKnown = Object.keys(route).every((key) => Object.hasOwn(Route.shape, key));
  if (!isGood || !isKnown || Object.keys(route).length === 0) return undefined;
  return { index, sni: sni && new Set(sni), alpn: alpn && new Set(alpn) };
}

/** Rules by what they ask for, so that each new one is compared with few of thousands. */
class RuleIndex {
  readonly #bySni = new Map<string | undefined, Rule[]>();
  readonly #byAlpn = new Map<string | undefined, Rule[]>();

  add(rule: Rule): void {
    for (const pattern of rule.sni ?? [undefined]) listIn(this.#bySni, pattern).push(rule);
    for (const protocol of rule.alpn ?? [undefined]) listIn(this.#byAlpn, protocol).push(rule);
  }

  /** The index of a rule that takes all that this one would. */
  findCover(rule: Rule): number | undefined {
    const wider = [...rule.sni ?? []].map(coversOf);
    // A cover has something for every pattern and every protocol, so the rarest of these leads to the fewest rules.
    const choices = [
      ...[...rule.alpn ?? [undefined]].map((protocol) =>
        listsIn(this.#byAlpn, [...new Set([protocol, undefined])])
      ),
      ...wider.map((patterns) => listsIn(this.#bySni, [...patterns, undefined])),
    ];
    const fewest = choices.reduce((best, lists) => sizeOf(lists) < sizeOf(best) ? lists : best);
    for (const rules of fewest) {
      for (const other of rules) if (covers(other, rule, wider)) return other.index;
    }
    return undefined;
  }
}

function listIn(index: Map<string | undefined, Rule[]>, key: string | undefined): Rule[] {
  const rules = index.get(key) ?? [];
  index.set(key, rules);
  return rules;
}

function listsIn(
  index: ReadonlyMap<string | undefined, Rule[]>,
  keys: readonly (string | undefined)[],
): readonly Rule[][] {
  return keys.flatMap((key) => {
    const rules = index.get(key);
    return rules === undefined ? [] : [rules];
  });
}

function sizeOf(lists: readonly Rule[][]): number {
  return lists.reduce((sum, rules) => sum + rules.length, 0);
}

/** Whether a rule takes all that another would, of whose patterns each is covered by those of an entry of `wider`. */
function covers({ sni, alpn }: Rule, rule: Rule, wider: readonly (readonly string[])[]): boolean {
  if (alpn !== undefined && (rule.alpn === undefined || !rule.alpn.isSubsetOf(alpn))) return false;
  if (sni === undefined) return true;
  return rule.sni !== undefined && wider.every((patterns) => patterns.some((pattern) => sni.has(pattern)));
}

/** All patterns that take whatever this one does: itself, `*`, and `*.` with each name that it lies below. */
function coversOf(pattern: string): string[] {
  if (pattern === "*") return ["*"];
  const labels = pattern.split(".");
  return [pattern, "*", ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`)];
}
