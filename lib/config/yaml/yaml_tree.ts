/**
 * The values of a YAML text and where each stands, made of the parser's events. An alias shares the value of its anchor, so a
 * text costs no more than its length; `_merge.ts` bounds what the aliases amount to.
 *
 * @module
 */

import { EVENT_ID, getScalarValue, SCALAR_STYLE } from "js-yaml";
import type { MappingEvent, ScalarEvent, SequenceEvent } from "js-yaml";
import { type Environment, substitute } from "../environment/references.ts";
import { ambiguityOf, resolvePlain, resolveTagged } from "./core_schema.ts";
import { nameOfInvisible } from "./invisible.ts";
import type { Layout } from "./layout.ts";
import { MAX_DEPTH } from "../resolve/merge.ts";
import type { Path } from "../report/problem.ts";
import { suggest } from "../report/suggest.ts";
import { scalarOffset } from "./scalar_offset.ts";
import { shorten } from "./text.ts";

/** A piece of the text; `offset` is where its value starts in the layout, after an anchor or a tag, the quote included. */
export type Node =
  | {
    readonly kind: "scalar";
    readonly offset: number;
    /** Always a text for one that refers to a variable: what it is a text of, its key decides. */
    readonly value: unknown;
    readonly reference?: Reference;
  }
  | { readonly kind: "sequence"; readonly offset: number; readonly value: unknown[]; readonly items: Node[] }
  | {
    readonly kind: "mapping";
    readonly offset: number;
    readonly value: Record<string, unknown>;
    readonly entries: Entry[];
    index?: Map<string, Entry>;
  }
  | {
    readonly kind: "alias";
    readonly offset: number;
    readonly value: unknown;
    readonly node: Node | undefined;
  };

/** How a scalar came to its value through variables of the environment. */
export interface Reference {
  /** Whether it has none, since a variable is not there; reported as a fault. */
  readonly isMissing: boolean;
}

/** A key with its value. */
export interface Entry {
  /** The key's text; `undefined` for a key that is a list or a mapping. */
  readonly key: string | undefined;
  readonly offset: number;
  readonly value: Node;
}

/** A fault in a text that the parser accepts. */
export interface TreeFault {
  readonly path: Path;
  readonly message: string;
  /** Whether the values can be checked all the same. */
  readonly isReadable: boolean;
  /** In the layout. */
  readonly offset: number;
}

/** A text's values. */
export interface YamlTree {
  readonly root: Node | undefined;
  /** Faults that make the values unusable; the first ones only. */
  readonly faults: readonly TreeFault[];
  /** The variables that its scalars refer to, each once. */
  readonly variables: readonly string[];
}

interface Frame {
  readonly node: Node;
  /** In a mapping: the key whose value comes next. */
  key?: { readonly text: string | undefined; readonly offset: number };
  /** The way to the last value that was added. */
  step?: string | number;
}

const MAX_FAULTS = 1_000;

/** The most that variables make of a text, as long as a whole config: a few letters may stand for 128 KiB each. */
const MAX_EXPANDED = 1024 * 1024;

/** Makes the tree of a layout; without an environment, references to variables stay as they are. */
export function buildTree(layout: Layout, environment?: Environment): YamlTree {
  return new Builder(layout, environment).build();
}

class Builder {
  readonly #layout: Layout;
  readonly #anchors = new Map<string, Node>();
  readonly #stack: Frame[] = [];
  readonly #faults: TreeFault[] = [];
  readonly #environment: Environment | undefined;
  readonly #variables = new Set<string>();
  #root: Node | undefined;
  #documents = 0;
  /** The characters of all scalars with variables. */
  #expanded = 0;
  /** The end of the last event. */
  #end = 0;

  constructor(layout: Layout, environment: Environment | undefined) {
    this.#layout = layout;
    this.#environment = environment;
  }

  build(): YamlTree {
    const { text, events } = this.#layout;
    for (const event of events) {
      if (event.type === EVENT_ID.DOCUMENT) {
        if (++this.#documents > 1) {
          const start = text.slice(this.#end).search(/^(?:---|\.\.\.)(?=\s|$)/m);
          this.#fault("a second document starts here; expected one", this.#end + Math.max(0, start));
          break;
        }
      } else if (event.type === EVENT_ID.POP) {
        this.#stack.pop();
      } else if (event.type === EVENT_ID.ALIAS) {
        this.#addAlias(event.anchorStart, event.anchorEnd);
      } else {
        const node = event.type === EVENT_ID.SCALAR ? this.#scalar(event) : this.#collection(event);
        this.#add(node);
        if (event.anchorStart >= 0) this.#anchors.set(text.slice(event.anchorStart, event.anchorEnd), node);
        if (node.kind !== "scalar") this.#stack.push({ node });
      }
    }
    return { root: this.#root, faults: this.#faults, variables: [...this.#variables] };
  }

  #fault(message: string, offset: number, isReadable = false): void {
    if (this.#faults.length >= MAX_FAULTS) return;
    this.#faults.push({ path: this.#path(), message, offset, isReadable });
  }

  /** The way to the value that comes next. */
  #path(): Path {
    const last = this.#stack.at(-1);
    const step = last?.node.kind === "sequence" ? last.node.items.length : last?.key?.text;
    const steps = [...this.#stack.slice(0, -1).map((frame) => frame.step), step];
    return steps.slice(0, MAX_DEPTH).filter((each) => each !== undefined);
  }

  #addAlias(start: number, end: number): void {
    const name = this.#layout.text.slice(start, end);
    const node = this.#anchors.get(name);
    this.#end = end;
    if (node === undefined) {
      const close = suggest(name, [...this.#anchors.keys()]);
      const hint = close === undefined ? "" : `; did you mean "*${close}"?`;
      const shown = shorten(name, 60);
      this.#fault(`unknown alias "*${shown}"; expected an anchor "&${shown}" before it${hint}`, start - 1);
    }
    this.#add({ kind: "alias", offset: start - 1, value: node?.value, node });
  }

  #add(node: Node): void {
    const top = this.#stack.at(-1);
    if (top === undefined) this.#root ??= node;
    else if (top.node.kind === "sequence") {
      top.step = top.node.items.length;
      top.node.items.push(node);
      top.node.value.push(node.value);
    } else if (top.node.kind === "mapping" && top.key === undefined) {
      top.key = { text: this.#keyOf(node), offset: node.offset };
    } else if (top.node.kind === "mapping" && top.key !== undefined) {
      const { text, offset } = top.key;
      top.step = text;
      top.node.entries.push({ key: text, offset, value: node });
      top.key = undefined;
      // An assignment to "__proto__" would change what the object is.
      Object.defineProperty(top.node.value, text ?? "", {
        value: node.value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }

  #keyOf(node: Node): string | undefined {
    const target = node.kind === "alias" ? node.node : node;
    if (target === undefined) return undefined;
    if (target.kind !== "scalar") {
      this.#fault("the key is a list or a mapping; expected a text", node.offset);
      return undefined;
    }
    const { value } = target;
    return value === null ? "" : String(value);
  }

  #collection(event: SequenceEvent | MappingEvent): Node {
    const isSequence = event.type === EVENT_ID.SEQUENCE;
    if (event.tagStart >= 0) {
      const tag = this.#layout.text.slice(event.tagStart, event.tagEnd);
      if (coreTag(tag) !== (isSequence ? "seq" : "map")) this.#unknownTag(tag, event.tagStart);
    }
    return isSequence
      ? { kind: "sequence", offset: event.start, value: [], items: [] }
      : { kind: "mapping", offset: event.start, value: {}, entries: [] };
  }

  #scalar(event: ScalarEvent): Node {
    const top = this.#stack.at(-1);
    const isKey = top?.node.kind === "mapping" && top.key === undefined;
    const place = isKey ? "key" : top?.node.kind === "sequence" ? "item" : "value";
    const offset = scalarOffset(this.#layout.text, event, { place, after: this.#end });
    this.#end = Math.max(this.#end, event.valueEnd);
    const written = event.valueStart < 0 ? "" : getScalarValue(this.#layout.text, event);
    // A key is a name, not a value.
    const substituted = isKey ? undefined : this.#substitute(written, event);
    if (substituted?.reference === undefined) {
      return { kind: "scalar", offset, value: this.#valueOf(event, substituted?.text ?? written, isKey) };
    }
    const { text, reference } = substituted;
    const value = event.tagStart < 0 || reference.isMissing ? text : this.#valueOf(event, text, isKey);
    return { kind: "scalar", offset, value, reference };
  }

  /** A scalar with its variables' values; `undefined` for one without any. */
  #substitute(written: string, event: ScalarEvent): { text: string; reference?: Reference } | undefined {
    if (this.#environment === undefined || !written.includes("${")) return undefined;
    const { text, names, faults } = substitute(written, this.#environment, MAX_EXPANDED - this.#expanded);
    for (const name of names) this.#variables.add(name);
    let from = event.valueStart;
    for (const { message, written: piece } of faults) {
      const at = this.#layout.text.indexOf(piece, from);
      // Escapes of a quoted scalar can hide it.
      const isFound = at >= 0 && at < event.valueEnd;
      if (isFound) from = at + piece.length;
      this.#fault(message, isFound ? at : event.valueStart, true);
    }
    if (names.length === 0 && faults.length === 0) return { text };
    this.#expanded += text.length;
    return { text, reference: { isMissing: faults.length > 0 } };
  }

  #valueOf(event: ScalarEvent, written: string, isKey: boolean): unknown {
    const { text } = this.#layout;
    if (event.tagStart >= 0) {
      const tag = text.slice(event.tagStart, event.tagEnd);
      if (tag === "!") return written;
      const value = resolveTagged(coreTag(tag) ?? "", written);
      if (value === undefined) this.#unknownTag(tag, event.tagStart);
      return value ?? null;
    }
    if (event.style !== SCALAR_STYLE.PLAIN) return written;
    const invisible = nameOfInvisible(written);
    if (invisible !== undefined) {
      this.#fault(`${invisible.name} is here; expected a space`, event.valueStart + invisible.index);
    }
    // A key is a name: "0x10" stays what it looks like.
    if (isKey) return written;
    const ambiguity = ambiguityOf(written);
    if (ambiguity !== undefined) this.#fault(ambiguity, event.valueStart, true);
    return resolvePlain(written);
  }

  #unknownTag(tag: string, offset: number): void {
    this.#fault(
      `the tag "${shorten(tag, 60)}" is unknown or does not fit; expected a value without a tag`,
      offset,
    );
  }
}

/** The name that a tag has in the core schema. */
function coreTag(tag: string): string | undefined {
  return /^(?:!!|!<tag:yaml\.org,2002:)([a-z]+)>?$/.exec(tag)?.[1];
}
