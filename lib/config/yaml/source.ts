/**
 * The values of a YAML text and their positions.
 *
 * @module
 */

import { YAMLException } from "js-yaml";
import type { Environment } from "../environment/references.ts";
import { type Layout, readLayout, type Refusal } from "./layout.ts";
import { MERGE_KEY } from "../resolve/merge.ts";
import type { Path } from "../report/problem.ts";
import { placeOf } from "./text.ts";
import type { Place } from "./text.ts";
import { buildTree, type Entry, type Node, type Reference, type TreeFault } from "./yaml_tree.ts";

/** Deeper than a config may be, so that the position of the excess can be shown. */
const MAX_READ_DEPTH = 5_000;

/** A key that a mapping has already. */
export interface DuplicateKey {
  readonly path: Path;
  readonly key: string;
  readonly place: Place;
  readonly first: Place;
}

/** A fault in a text that the parser accepts. */
export interface SourceFault extends Omit<TreeFault, "offset"> {
  readonly place: Place;
}

/** The values of a text and their places. */
export class Source {
  /** The value of the text; `null` for an empty one. */
  readonly value: unknown;
  /** Faults of the text itself. */
  readonly faults: readonly SourceFault[];
  /** The environment variables that it refers to, each once. */
  readonly variables: readonly string[];
  readonly #text: string;
  readonly #layout: Layout;
  readonly #root: Node | undefined;

  private constructor(text: string, layout: Layout, environment?: Environment) {
    this.#text = text;
    this.#layout = layout;
    const { root, faults, variables } = buildTree(layout, environment);
    this.#root = root;
    this.value = root?.value ?? null;
    this.variables = variables;
    this.faults = faults.map(({ offset, ...fault }) => ({ ...fault, place: this.#placeOf(offset) }));
  }

  /**
   * Reads a text, or gives why the parser refuses it. Without an environment, references to variables stay as they are.
   *
   * @throws {RangeError} for a text that is nested too deep for the stack.
   */
  static parse(text: string, environment?: Environment): Source | Refusal {
    const layout = readLayout(text, { maxDepth: MAX_READ_DEPTH });
    return layout.kind === "refusal" ? layout : new Source(text, layout, environment);
  }

  /** Reads a text, or gives `undefined` for one that cannot be read. */
  static read(text: string): Source | undefined {
    try {
      const source = Source.parse(text);
      return source instanceof Source ? source : undefined;
    } catch (error) {
      if (error instanceof YAMLException || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  /**
   * The place of the value at a path, or of its key.
   *
   * An alias stands for itself where the path ends at it; a path that goes on leads into the anchored value, and so does one
   * through a merge key. A value that is written as nothing (`key:`) has the place of its key. Where the path leads
   * nowhere, the last value on the way is given.
   */
  locate(path: Path, at: "key" | "value" = "value"): Place | undefined {
    if (this.#root === undefined) return undefined;
    let node = this.#root;
    let offset = node.offset;
    for (const [depth, step] of path.entries()) {
      const entry = stepInto(node, step);
      if (entry === undefined) break;
      const wantsKey = at === "key" && depth === path.length - 1;
      offset = wantsKey || entry.value.offset < 0 ? entry.offset : entry.value.offset;
      node = entry.value;
    }
    return offset < 0 ? undefined : this.#placeOf(offset);
  }

  /** Whether there is a value at a path, also through an alias or a merge key. */
  has(path: Path): boolean {
    let node = this.#root;
    for (const step of path) node = node === undefined ? undefined : stepInto(node, step)?.value;
    return node !== undefined;
  }

  /** How the scalar at a path came to its value, if through variables; also through an alias or a merge key. */
  referenceAt(path: Path): Reference | undefined {
    let node = this.#root;
    for (const step of path) node = node === undefined ? undefined : stepInto(node, step)?.value;
    const scalar = node?.kind === "alias" ? node.node : node;
    return scalar?.kind === "scalar" ? scalar.reference : undefined;
  }

  /** Whether the way to a value leads through an alias or a merge key, so that others may have it too. */
  isShared(path: Path): boolean {
    let node = this.#root;
    for (const step of path) {
      if (node?.kind === "alias") return true;
      const entry = node === undefined ? undefined : stepInto(node, step);
      if (node?.kind === "mapping" && entry !== undefined && !node.entries.includes(entry)) return true;
      node = entry?.value;
    }
    return false;
  }

  /** Every key that its mapping has already, in the order of the text. */
  duplicateKeys(limit: number): DuplicateKey[] {
    const found: DuplicateKey[] = [];
    const visit = (node: Node, path: Path): void => {
      if (found.length >= limit) return;
      if (node.kind === "sequence") node.items.forEach((item, index) => visit(item, [...path, index]));
      if (node.kind !== "mapping") return;
      const seen = new Map<string, number>();
      for (const { key, offset, value } of node.entries) {
        if (key === undefined) continue;
        const first = seen.get(key);
        if (first === undefined) seen.set(key, offset);
        else if (found.length < limit) {
          found.push({
            path: [...path, key],
            key,
            place: this.#placeOf(offset),
            first: this.#placeOf(first),
          });
        }
        visit(value, [...path, key]);
      }
    };
    if (this.#root !== undefined) visit(this.#root, []);
    return found;
  }

  #placeOf(offset: number): Place {
    return placeOf(this.#text, this.#layout.original(offset));
  }
}

/** Where the text is nested deeper than any config. */
export function findDepth(text: string, maxDepth: number): Place | undefined {
  const layout = readLayout(text, { maxDepth });
  return layout.kind === "refusal" ? placeOf(text, layout.offset) : undefined;
}

function stepInto(node: Node, step: string | number): Entry | undefined {
  const target = node.kind === "alias" ? node.node : node;
  if (target === undefined) return undefined;
  if (target.kind === "sequence") {
    const value = typeof step === "number" ? target.items[step] : undefined;
    return value === undefined ? undefined : { key: undefined, offset: target.offset, value };
  }
  if (target.kind !== "mapping" || typeof step !== "string") return undefined;
  // The last of several equal keys is the one whose value counts.
  target.index ??= new Map(target.entries.map((entry) => [entry.key ?? "", entry]));
  const own = target.index.get(step);
  if (own !== undefined) return own;
  const merged = target.index.get(MERGE_KEY)?.value;
  return merged === undefined ? undefined : stepIntoMerged(merged, step);
}

function stepIntoMerged(merged: Node, step: string): Entry | undefined {
  const target = merged.kind === "alias" ? merged.node : merged;
  if (target === undefined || target.kind === "scalar" || target.kind === "alias") return undefined;
  if (target.kind === "mapping") return stepInto(target, step);
  for (const item of target.items) {
    const entry = stepInto(item, step);
    if (entry !== undefined) return entry;
  }
  return undefined;
}
