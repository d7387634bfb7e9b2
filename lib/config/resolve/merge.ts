/**
 * Bounds the expansion of YAML before anything walks it: aliases count at each use, and merge keys are applied within the
 * same budget.
 *
 * @module
 */

import type { Path, Problem } from "../report/problem.ts";

/** The key whose mappings fill in the one that it stands in (YAML 1.1, "merge"). */
export const MERGE_KEY = "<<";

/** How a key begins that is the operator's own: a place for anchors, as in Compose. */
export const EXTENSION = "x-";

/** The most values of a config, those behind an alias counted each time: 1,000 apps with 100 values each. */
export const MAX_VALUES = 100_000;

/** The longest list; 10,000 ports are a range. */
export const MAX_ENTRIES = 10_000;

/** The deepest nesting; a config has 8. */
export const MAX_DEPTH = 32;

interface Size {
  readonly values: number;
  readonly height: number;
}

/** A value that cannot be walked. */
class BoundError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** The result of {@link bound}. */
export interface Bounds {
  /** Whether the value may be walked. */
  readonly bounded: boolean;
  /** One problem for an exceeded bound, and one for each merge key without a mapping. */
  readonly problems: readonly Problem[];
}

/** Counts the values and, if asked to, applies merge keys in place. */
export function bound(value: unknown, options: { merge: boolean }): Bounds {
  const sizes = new Map<object, Size | "open">();
  const problems: Problem[] = [];
  const path: (string | number)[] = [];
  let merged = 0;

  function fail(message: string, at: Path = [...path]): never {
    throw new BoundError({ path: at, message });
  }

  function measure(node: unknown): Size {
    if (typeof node !== "object" || node === null) return { values: 1, height: 0 };
    const known = sizes.get(node);
    if (known === "open") fail("the value contains itself; remove the alias");
    if (path.length > MAX_DEPTH || path.length + (known?.height ?? 0) > MAX_DEPTH) {
      fail(`the value is nested deeper than ${MAX_DEPTH} levels; expected fewer`, path.slice(0, 3));
    }
    if (known !== undefined) return known;
    if (Array.isArray(node) && node.length > MAX_ENTRIES) {
      fail(`the list has ${node.length} entries; expected at most ${MAX_ENTRIES}`);
    }
    sizes.set(node, "open");
    let values = 1;
    let height = 0;
    for (const key of Array.isArray(node) ? node.keys() : Object.keys(node)) {
      path.push(key);
      const size = measure((node as Record<string | number, unknown>)[key]);
      path.pop();
      values += size.values;
      height = Math.max(height, size.height + 1);
      if (values > MAX_VALUES) tooMany();
    }
    if (options.merge) {
      if (!Array.isArray(node)) dropExtensions(node as Record<string, unknown>);
      if (Object.hasOwn(node, MERGE_KEY)) applyMerge(node as Record<string, unknown>);
    }
    const size = { values, height };
    sizes.set(node, size);
    return size;
  }

  function dropExtensions(node: Record<string, unknown>): void {
    for (const key of Object.keys(node)) if (key.startsWith(EXTENSION)) delete node[key];
  }

  function applyMerge(node: Record<string, unknown>): void {
    const given = node[MERGE_KEY];
    delete node[MERGE_KEY];
    for (const source of Array.isArray(given) ? given : [given]) {
      if (typeof source !== "object" || source === null || Array.isArray(source)) {
        const message =
          `the merge key "<<" is given something else; expected a mapping or a list of mappings`;
        problems.push({ path: [...path, MERGE_KEY], message });
        return;
      }
      for (const [key, value] of Object.entries(source)) {
        if (++merged > MAX_VALUES) tooMany();
        if (Object.hasOwn(node, key)) continue;
        // An assignment to "__proto__" would change what the object is.
        Object.defineProperty(node, key, { value, writable: true, enumerable: true, configurable: true });
      }
    }
  }

  function tooMany(): never {
    fail(
      `the config has more than ${MAX_VALUES} values, each use of an alias counted; expected fewer`,
      [],
    );
  }

  try {
    measure(value);
  } catch (error) {
    if (!(error instanceof BoundError)) throw error;
    return { bounded: false, problems: [error.problem] };
  }
  return { bounded: true, problems };
}
