import { CheckTextError, quotedText } from "./check_text.ts";

/** A zero-width assertion. */
export type Assertion = "start" | "end" | "line_start" | "line_end" | "boundary" | "no_boundary";

/** A regular expression as a tree. */
export type RegexNode =
  /** One byte of those marked 1 in the table. */
  | { readonly kind: "byte"; readonly table: ByteTable }
  | { readonly kind: "sequence"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | { readonly kind: "repeat"; readonly part: RegexNode; readonly min: number; readonly max: number }
  | { readonly kind: "assertion"; readonly assertion: Assertion };

/** 256 entries, 1 for each matching byte. */
export type ByteTable = Uint8Array;

export interface RegexFlags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

const CONTROL: Readonly<Record<string, number>> = { r: 13, n: 10, t: 9, f: 12, v: 11, 0: 0 };
const CLASSES: Readonly<Record<string, RegExp>> = { d: /\d/, w: /\w/, s: /[\t-\r ]/ };

/** The deepest nesting of groups: the parser calls itself for each. */
const MAX_NESTED_GROUPS = 100;

/**
 * Parses the subset of JavaScript's regular expressions that an automaton can match: no look-around, no
 * back-references. `\s` is ASCII white space. A non-ASCII character stands for its UTF-8 bytes, and is not allowed in
 * a class.
 *
 * @throws {CheckTextError} when it is invalid or unsupported.
 */
export function parseByteRegex(source: string, flags: RegexFlags): RegexNode {
  return new Parser(source, flags).parse();
}

class Parser {
  readonly #source: string;
  readonly #flags: RegexFlags;
  #at = 0;
  #openGroups = 0;

  constructor(source: string, flags: RegexFlags) {
    this.#source = source;
    this.#flags = flags;
  }

  parse(): RegexNode {
    const node = this.#choice();
    if (this.#at < this.#source.length) {
      throw this.#error(`a ")" closes no group; write "\\)" for the character`);
    }
    return node;
  }

  #choice(): RegexNode {
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    return options.length === 1 && options[0] !== undefined ? options[0] : { kind: "choice", options };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#peek())) parts.push(this.#repeated());
    return { kind: "sequence", parts };
  }

  #repeated(): RegexNode {
    const quantifierFirst = this.#quantifier();
    if (quantifierFirst !== undefined) {
      throw this.#error(`a repetition has nothing to repeat`);
    }
    const part = this.#atom();
    const quantifier = this.#quantifier();
    if (quantifier === undefined) return part;
    if (part.kind === "assertion") {
      throw this.#error(`a repetition follows a position, which cannot be repeated`);
    }
    this.#take("?"); // Lazy or greedy is a matter of which match; here only whether there is one counts.
    if (this.#quantifier() !== undefined) {
      throw this.#error(`a repetition follows another; put the first into a group`);
    }
    return { kind: "repeat", part, ...quantifier };
  }

  #quantifier(): { min: number; max: number } | undefined {
    if (this.#take("*")) return { min: 0, max: Infinity };
    if (this.#take("+")) return { min: 1, max: Infinity };
    if (this.#take("?")) return { min: 0, max: 1 };
    const counted = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (counted === null) return undefined;
    this.#at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === "" ? Infinity : Number(counted[3]);
    if (max < min) {
      throw this.#error(`the repetition "${counted[0]}" runs backwards; expected "{${max},${min}}"`);
    }
    return { min, max };
  }

  #atom(): RegexNode {
    const character = this.#next();
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return { kind: "byte", table: this.#class() };
      case ".":
        return { kind: "byte", table: tableOf((byte) => this.#flags.dotAll || (byte !== 10 && byte !== 13)) };
      case "^":
        return { kind: "assertion", assertion: this.#flags.multiline ? "line_start" : "start" };
      case "$":
        return { kind: "assertion", assertion: this.#flags.multiline ? "line_end" : "end" };
      case "\\": {
        if (this.#take("b")) return { kind: "assertion", assertion: "boundary" };
        if (this.#take("B")) return { kind: "assertion", assertion: "no_boundary" };
        const escape = this.#escape();
        return { kind: "byte", table: typeof escape === "number" ? this.#table(escape) : escape };
      }
    }
    const bytes = [...new TextEncoder().encode(character)];
    const parts = bytes.map((byte): RegexNode => ({ kind: "byte", table: this.#table(byte) }));
    return { kind: "sequence", parts };
  }

  #group(): RegexNode {
    if (this.#peek() === "?" && !this.#source.startsWith("?:", this.#at)) {
      throw this.#error(`a group begins with "(?"; expected "(" or "(?:"`);
    }
    if (this.#take("?")) this.#take(":");
    if (++this.#openGroups > MAX_NESTED_GROUPS) {
      throw this.#error(`groups are nested deeper than ${MAX_NESTED_GROUPS}; expected fewer`);
    }
    const node = this.#choice();
    this.#openGroups--;
    if (!this.#take(")")) throw this.#error(`a group is not closed; expected ")"`);
    return node;
  }

  #class(): ByteTable {
    const isNegated = this.#take("^");
    const table = new Uint8Array(256);
    while (!this.#take("]")) {
      const first = this.#classMember();
      const isRange = this.#peek() === "-" && this.#source[this.#at + 1] !== "]" &&
        this.#at + 1 < this.#source.length;
      if (!isRange) {
        addAll(table, typeof first === "number" ? this.#table(first) : first);
        continue;
      }
      this.#take("-");
      const last = this.#classMember();
      if (typeof first !== "number" || typeof last !== "number" || last < first) {
        throw this.#error(`a range in a class is out of order; expected one such as "a-z"`);
      }
      for (let byte = first; byte <= last; byte++) addAll(table, this.#table(byte));
    }
    return isNegated ? tableOf((byte) => table[byte] === 0) : table;
  }

  #classMember(): number | ByteTable {
    if (this.#at >= this.#source.length) throw this.#error(`a class is not closed; expected "]"`);
    const character = this.#next();
    if (character === "\\") return this.#take("b") ? 8 : this.#escape();
    if (character.charCodeAt(0) > 0x7f) {
      throw this.#error(
        `the class has "${character}"; expected ASCII or \\xNN, as a class stands for one byte`,
      );
    }
    return character.charCodeAt(0);
  }

  /** Parses an escape after the backslash: a byte, or a class. */
  #escape(): number | ByteTable {
    const character = this.#next();
    const hex = /^[0-9A-Fa-f]{2}/.exec(this.#source.slice(this.#at, this.#at + 2));
    if (character === "x" && hex !== null) {
      this.#at += 2;
      return parseInt(hex[0], 16);
    }
    const control = CONTROL[character];
    if (control !== undefined && !(character === "0" && /\d/.test(this.#peek()))) return control;
    const members = CLASSES[character.toLowerCase()];
    if (members !== undefined) {
      const isWanted = character === character.toLowerCase();
      return tableOf((byte) =>
        byte < 0x80 && members.test(String.fromCharCode(byte)) === isWanted || byte >= 0x80 && !isWanted
      );
    }
    if (/^[!-/:-@[-`{-~]$/.test(character)) return character.charCodeAt(0);
    throw this.#error(
      `the escape "\\${character}" is unknown; expected one such as \\d, \\s, \\w, \\b, \\r, \\n, \\t, \\xNN or \\.`,
    );
  }

  /** A table of one byte, in both cases where case is ignored. */
  #table(byte: number): ByteTable {
    const table = new Uint8Array(256);
    table[byte] = 1;
    if (this.#flags.ignoreCase && /[a-z]/i.test(String.fromCharCode(byte)) && byte < 0x80) {
      table[byte ^ 0x20] = 1;
    }
    return table;
  }

  #peek(): string {
    return this.#source[this.#at] ?? "";
  }

  /** The next character, both halves of a surrogate pair. */
  #next(): string {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    if (this.#at >= this.#source.length) {
      throw this.#error(`it ends with "\\"; expected a character after it`);
    }
    this.#at += character.length;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #error(message: string): CheckTextError {
    return new CheckTextError(`the regular expression "${quotedText(this.#source)}": ${message}`);
  }
}

function tableOf(has: (byte: number) => boolean): ByteTable {
  return Uint8Array.from({ length: 256 }, (_, byte) => has(byte) ? 1 : 0);
}

function addAll(table: ByteTable, other: ByteTable): void {
  for (const [byte, isIn] of other.entries()) if (isIn === 1) table[byte] = 1;
}
