/**
 * Where in a YAML text a value stands. Built only when there is a problem to show: the parser that gives the values
 * gives no places.
 *
 * @module
 */

import { EVENT_ID, getScalarValue, SCALAR_STYLE, YAMLException } from "js-yaml";
import type { ScalarEvent } from "js-yaml";
import { parse } from "@std/yaml/parse";
import { type Layout, readLayout } from "./_layout.ts";
import { MERGE_KEY } from "./_merge.ts";
import type { Path } from "./problem.ts";
import { placeOf } from "./_text.ts";
import type { Place } from "./_text.ts";

/** A piece of the text; `offset` is where its value starts in the layout, after an anchor or a tag, the quote included. */
type Node =
  | { readonly kind: "scalar"; readonly offset: number }
  | { readonly kind: "sequence"; readonly offset: number; readonly items: Node[] }
  | {
    readonly kind: "mapping";
    readonly offset: number;
    readonly entries: Entry[];
    index?: Map<string, Entry>;
  }
  | { readonly kind: "alias"; readonly offset: number; readonly node: Node | undefined };

interface Entry {
  /** The key as the value parser names it; `undefined` for a key that is a list or a mapping. */
  readonly key: string | undefined;
  readonly offset: number;
  readonly value: Node;
}

interface Frame {
  readonly node: Node;
  /** In a mapping: the key whose value comes next. */
  key?: { readonly text: string | undefined; readonly offset: number };
}

/** Deeper than a config may be, so that what is too deep can be shown. */
const MAX_READ_DEPTH = 5_000;

/** The parser's own bound. */
const DEFAULT_DEPTH = 100;

/** A key that a mapping has already. */
export interface DuplicateKey {
  readonly path: Path;
  readonly key: string;
  readonly place: Place;
  readonly first: Place;
}

/** The places of a text's values. */
export class Source {
  readonly #text: string;
  readonly #layout: Layout;
  readonly #root: Node | undefined;

  private constructor(text: string, layout: Layout) {
    this.#text = text;
    this.#layout = layout;
    this.#root = buildTree(layout);
  }

  /**
   * Reads the places, or gives `undefined` for a text that the value parser takes and this one does not (tabs as
   * indentation); {@link findRefusal} says why.
   */
  static read(text: string): Source | undefined {
    try {
      const layout = readLayout(text, { maxDepth: MAX_READ_DEPTH });
      return layout.kind === "refusal" ? undefined : new Source(text, layout);
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

/** Where the text has a key that is a list or a mapping. */
export function findCompoundKey(text: string): Place | undefined {
  const layout = readLayout(text, { maxDepth: DEFAULT_DEPTH });
  if (layout.kind === "refusal") return undefined;
  let place: Place | undefined;
  buildTree(layout, (offset) => place ??= placeOf(text, layout.original(offset)));
  return place;
}

/** Where the text is nested deeper than any config. */
export function findDepth(text: string, maxDepth: number): Place | undefined {
  const layout = readLayout(text, { maxDepth });
  return layout.kind === "refusal" ? placeOf(text, layout.offset) : undefined;
}

/** Why this parser does not take a text, in its own words, and where; `undefined` where it does. */
export function findRefusal(text: string): { readonly reason: string; readonly place: Place } | undefined {
  try {
    const layout = readLayout(text, { maxDepth: MAX_READ_DEPTH });
    return layout.kind === "refusal"
      ? { reason: layout.reason, place: placeOf(text, layout.offset) }
      : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function buildTree({ text, events }: Layout, onCompoundKey?: (offset: number) => void): Node | undefined {
  const anchors = new Map<string, Node>();
  const stack: Frame[] = [];
  let root: Node | undefined;
  let end = 0;

  const add = (node: Node, keyText: string | undefined): void => {
    const top = stack.at(-1);
    if (top === undefined) root ??= node;
    else if (top.node.kind === "sequence") top.node.items.push(node);
    else if (top.node.kind === "mapping" && top.key === undefined) {
      top.key = { text: keyText, offset: node.offset };
      if (node.kind === "sequence" || node.kind === "mapping") onCompoundKey?.(node.offset);
    } else if (top.node.kind === "mapping" && top.key !== undefined) {
      top.node.entries.push({ key: top.key.text, offset: top.key.offset, value: node });
      top.key = undefined;
    }
  };

  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) continue;
    if (event.type === EVENT_ID.POP) {
      stack.pop();
      continue;
    }
    if (event.type === EVENT_ID.ALIAS) {
      const node = anchors.get(text.slice(event.anchorStart, event.anchorEnd));
      end = event.anchorEnd;
      add({ kind: "alias", offset: event.anchorStart - 1, node }, undefined);
      continue;
    }
    let node: Node;
    let keyText: string | undefined;
    if (event.type === EVENT_ID.SCALAR) {
      const inSequence = stack.at(-1)?.node.kind === "sequence";
      node = { kind: "scalar", offset: scalarOffset(text, event, inSequence ? end : undefined) };
      if (stack.at(-1)?.node.kind === "mapping" && stack.at(-1)?.key === undefined) {
        keyText = keyOf(text, event);
      }
      end = Math.max(end, event.valueEnd);
    } else if (event.type === EVENT_ID.SEQUENCE) {
      node = { kind: "sequence", offset: event.start, items: [] };
    } else {
      node = { kind: "mapping", offset: event.start, entries: [] };
    }
    add(node, keyText);
    if (event.anchorStart >= 0) anchors.set(text.slice(event.anchorStart, event.anchorEnd), node);
    if (node.kind !== "scalar") stack.push({ node });
  }
  return root;
}

/** An empty item of a block sequence has no event of its own: its dash is looked for after what came before. */
function scalarOffset(text: string, event: ScalarEvent, after: number | undefined): number {
  if (event.valueStart < 0) {
    if (after === undefined) return -1;
    const dash = /["']?(?:\s|[\]},]|#[^\n]*)*-(?=\s|$)/y;
    dash.lastIndex = after;
    return dash.test(text) ? dash.lastIndex - 1 : -1;
  }
  const { style } = event;
  const quoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}

function keyOf(text: string, event: ScalarEvent): string {
  const value = event.valueStart < 0 ? "" : getScalarValue(text, event);
  // A plain key may be a number or null to the value parser, which then spells it in its own way.
  const plain = event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
  if (!plain || (/^[a-z_]+$/.test(value) && value.length > 5)) return value;
  try {
    return String(parse(value, { schema: "core" }));
  } catch (error) {
    if (error instanceof SyntaxError) return value;
    throw error;
  }
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
