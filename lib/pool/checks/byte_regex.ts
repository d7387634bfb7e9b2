import { type Assertion, type ByteTable, parseByteRegex, type RegexNode } from "./_byte_regex_parser.ts";
import { CheckTextError, quotedText } from "./check_text.ts";

/** One search of a pattern in bytes that come in pieces. */
export interface PatternRun {
  /** Takes bytes; true once the pattern has been found, however the bytes are split. */
  feed(bytes: Uint8Array): boolean;
  /** Ends the input; true when the pattern has been found. */
  end(): boolean;
}

/** Something to search for. */
export interface Pattern {
  begin(): PatternRun;
}

type Instruction =
  | { readonly op: "byte"; readonly table: ByteTable; readonly next: number }
  | { readonly op: "split"; readonly next: readonly number[] }
  | { readonly op: "assert"; readonly assertion: Assertion; readonly next: number }
  | { readonly op: "match" };

/**
 * The size limit of a compiled expression. With 16 KiB of answer it bounds a check at four million steps, a tenth of
 * a second at worst, whatever expression and answer are.
 */
const MAX_INSTRUCTIONS = 256;

/** The most alternatives, whose branches an instruction follows at each byte. */
const MAX_ALTERNATIVES = 256;

/** Outside the bytes: end of input, or not known yet. */
const NOTHING = -1;
const UNKNOWN = -2;

/**
 * A regular expression over bytes, searched anywhere in them.
 *
 * Runs as an automaton that tracks all states at once, so time grows only with the length of the answer (Thompson,
 * "Regular expression search algorithm", CACM 1968; Cox, "Regular expression matching: the virtual machine approach",
 * 2009). The runtime's engine backtracks: with a careless expression in the config, a short answer from a target
 * could block the whole proxy, and no bound on its length would help.
 */
export class ByteRegex implements Pattern {
  readonly #program: Instruction[] = [];
  readonly #start: number;
  readonly #source: string;
  #alternatives = 0;

  /**
   * @param flags any of `i`, `m` and `s`, as in JavaScript.
   * @throws {CheckTextError} when it cannot be read, needs look-around or back-references, or is too large.
   */
  constructor(source: string, flags: string) {
    if (!/^[ims]*$/.test(flags) || new Set(flags).size !== flags.length) {
      throw new CheckTextError(
        `the flags of "/${quotedText(source)}/" are "${
          quotedText(flags)
        }"; expected i, m and s, each at most once`,
      );
    }
    this.#source = source;
    const node = parseByteRegex(source, {
      ignoreCase: flags.includes("i"),
      multiline: flags.includes("m"),
      dotAll: flags.includes("s"),
    });
    this.#start = this.#compile(node, this.#emit({ op: "match" }));
  }

  begin(): PatternRun {
    return new Run(this.#program, this.#start);
  }

  /** Compiles from end to start, so that each instruction knows its successor; returns the entry point. */
  #compile(node: RegexNode, next: number): number {
    switch (node.kind) {
      case "byte":
        return this.#emit({ op: "byte", table: node.table, next });
      case "assertion":
        return this.#emit({ op: "assert", assertion: node.assertion, next });
      case "sequence":
        return node.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case "choice":
        this.#alternatives += node.options.length;
        if (this.#alternatives > MAX_ALTERNATIVES) throw this.#tooLarge(MAX_ALTERNATIVES, "alternatives");
        return this.#emit({ op: "split", next: node.options.map((option) => this.#compile(option, next)) });
      case "repeat":
        return this.#compileRepeat(node, next);
    }
  }

  #compileRepeat(node: Extract<RegexNode, { kind: "repeat" }>, next: number): number {
    let entry = next;
    if (node.max === Infinity) {
      const ways = [next];
      entry = this.#emit({ op: "split", next: ways });
      ways.push(this.#compile(node.part, entry));
    } else {
      for (let i = node.min; i < node.max; i++) {
        entry = this.#emit({ op: "split", next: [next, this.#compile(node.part, entry)] });
      }
    }
    for (let i = 0; i < node.min; i++) entry = this.#compile(node.part, this.#pass(entry));
    return entry;
  }

  /** Counts empty repetitions too, or `(){999999}` would take long to compile. */
  #pass(next: number): number {
    return this.#emit({ op: "split", next: [next] });
  }

  #emit(instruction: Instruction): number {
    if (this.#program.length === MAX_INSTRUCTIONS) {
      throw this.#tooLarge(MAX_INSTRUCTIONS, "states");
    }
    return this.#program.push(instruction) - 1;
  }

  #tooLarge(most: number, what: string): CheckTextError {
    return new CheckTextError(
      `the regular expression "${quotedText(this.#source)}" has more than ${most} ${what}; shorten it`,
    );
  }
}

class Run implements PatternRun {
  readonly #program: readonly Instruction[];
  readonly #start: number;
  /** The current states, before following instructions that take no byte. */
  #states: number[] = [];
  #previous = NOTHING;
  #isFound = false;
  /** The round in which each instruction was last visited, so that none is visited twice and nothing needs clearing. */
  readonly #seen: Uint32Array;
  #round = 0;

  constructor(program: readonly Instruction[], start: number) {
    this.#program = program;
    this.#start = start;
    this.#seen = new Uint32Array(program.length);
  }

  feed(bytes: Uint8Array): boolean {
    for (const byte of bytes) {
      if (this.#isFound) return true;
      this.#states = this.#advance(byte);
      this.#previous = byte;
    }
    this.#advance(UNKNOWN);
    return this.#isFound;
  }

  end(): boolean {
    this.#advance(NOTHING);
    return this.#isFound;
  }

  /** Follows every open path up to `next`, and returns the states after that byte. */
  #advance(next: number): number[] {
    this.#round++;
    const reached: number[] = [];
    // A match may begin at every byte.
    const open = [this.#start, ...this.#states];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      const instruction = this.#program[at];
      switch (instruction?.op) {
        case "match":
          this.#isFound = true;
          return reached;
        case "byte":
          if (next >= 0 && instruction.table[next] === 1) reached.push(instruction.next);
          break;
        case "split":
          open.push(...instruction.next);
          break;
        case "assert":
          if (holds(instruction.assertion, this.#previous, next)) open.push(instruction.next);
          break;
      }
    }
    return reached;
  }
}

/** Whether an assertion holds between two bytes; one that depends on an unknown byte does not hold yet. */
function holds(assertion: Assertion, previous: number, next: number): boolean {
  switch (assertion) {
    case "start":
      return previous === NOTHING;
    case "line_start":
      return previous === NOTHING || isLineEnd(previous);
    case "end":
      return next === NOTHING;
    case "line_end":
      return next === NOTHING || isLineEnd(next);
    case "boundary":
      return next !== UNKNOWN && isWord(previous) !== isWord(next);
    case "no_boundary":
      return next !== UNKNOWN && isWord(previous) === isWord(next);
  }
}

function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d;
}

function isWord(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f ||
    (byte >= 0x61 && byte <= 0x7a);
}
