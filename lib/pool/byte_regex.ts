import { type Assertion, type ByteTable, parseByteRegex, type RegexNode } from "./_byte_regex_parser.ts";
import { CheckTextError } from "./check_text.ts";

/** One search of a pattern in bytes that come in pieces. */
export interface PatternRun {
  /** True as soon as the pattern has been found, wherever the pieces are cut. */
  feed(bytes: Uint8Array): boolean;
  /** Whether it is found now that no more will come. */
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
 * How many instructions a regular expression may need. With 16 KiB of answer it bounds a check at four million steps, a
 * tenth of a second at the very worst, whatever the expression and the answer are.
 */
const MAX_INSTRUCTIONS = 256;

/** Beyond the bytes: nothing is there, or what is there is not known yet. */
const NOTHING = -1;
const UNKNOWN = -2;

/**
 * A regular expression over bytes, found anywhere in them.
 *
 * It runs as an automaton that is in all its states at once, so that the time for an answer grows with its length alone
 * (Thompson, "Regular expression search algorithm", CACM 1968; Cox, "Regular expression matching: the virtual machine
 * approach", 2009). The runtime's own engine backtracks: with a careless expression in the config, a target could
 * stop the whole proxy by a short answer, and no bound on its length would help.
 */
export class ByteRegex implements Pattern {
  readonly #program: Instruction[] = [];
  readonly #start: number;
  readonly #source: string;

  /**
   * @param flags any of `i`, `m` and `s`, as in JavaScript.
   * @throws {CheckTextError} when it cannot be read, needs look-around or back-references, or is too large.
   */
  constructor(source: string, flags: string) {
    if (!/^[ims]*$/.test(flags) || new Set(flags).size !== flags.length) {
      throw new CheckTextError(
        `the flags of "/${source}/${flags}" are "${flags}"; expected i, m and s, each at most once`,
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

  /** Builds from the end to the beginning, so that each instruction knows what follows it; gives where to enter. */
  #compile(node: RegexNode, next: number): number {
    switch (node.kind) {
      case "byte":
        return this.#emit({ op: "byte", table: node.table, next });
      case "assertion":
        return this.#emit({ op: "assert", assertion: node.assertion, next });
      case "sequence":
        return node.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case "choice":
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

  /** Counts repetitions of nothing too, or `(){999999}` would take long to build. */
  #pass(next: number): number {
    return this.#emit({ op: "split", next: [next] });
  }

  #emit(instruction: Instruction): number {
    if (this.#program.length === MAX_INSTRUCTIONS) {
      throw new CheckTextError(
        `the regular expression "${this.#source}" has more than ${MAX_INSTRUCTIONS} states; shorten it`,
      );
    }
    return this.#program.push(instruction) - 1;
  }
}

class Run implements PatternRun {
  readonly #program: readonly Instruction[];
  readonly #start: number;
  /** Where the automaton stands, before the ways on that take no byte. */
  #states: number[] = [];
  #previous = NOTHING;
  #isFound = false;
  /** In which round an instruction was last seen, so that none is seen twice and nothing is cleared. */
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

  /** Follows every way that is open before `next`, and gives where that byte leads. */
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

/** Whether an assertion holds between two bytes; what depends on a byte that is not known yet does not hold yet. */
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
