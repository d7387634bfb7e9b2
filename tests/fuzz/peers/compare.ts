import { type Difference, explanationOf } from "./differences.ts";
import { lineOf } from "../engine/corpus.ts";

/** What the parser here makes of an input. */
export interface Own {
  readonly opinion: string;
  /** Why it is refused; empty where it is not. */
  readonly why: string;
}

export interface CompareOptions {
  readonly peer: Difference["peer"];
  readonly inputs: readonly Uint8Array[];
  own(input: Uint8Array): Own;
  ask(input: Uint8Array): Promise<string>;
  /** Whether two opinions are the same. Default: the same text. */
  isSame?(own: string, theirs: string): boolean;
  readonly explanations: Parameters<typeof explanationOf>[1];
}

/** How a comparison came out. */
export interface Comparison {
  readonly peer: string;
  readonly same: number;
  /** Of these, those in which both see an address or a name. */
  readonly accepted: number;
  /** How often each explanation was needed. */
  readonly explained: ReadonlyMap<string, number>;
  readonly unexplained: readonly string[];
}

/** How many connections to a peer are open at once. */
const AT_ONCE = 8;

/** Asks a peer about each input and compares. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { peer, inputs, ask, explanations, isSame = (own, theirs) => own === theirs } = options;
  let [same, accepted] = [0, 0];
  const explained = new Map<string, number>();
  const unexplained: string[] = [];
  const queue = inputs.values();
  const work = async (): Promise<void> => {
    for (const input of queue) {
      const { opinion: own, why } = options.own(input);
      const theirs = await ask(input);
      if (isSame(own, theirs)) {
        same++;
        if (own !== "refused" && own !== "none") accepted++;
        continue;
      }
      const name = explanationOf({ peer, input, own, why, theirs }, explanations);
      if (name === undefined) {
        unexplained.push(`${lineOf(input)}: here ${own}${why === "" ? "" : ` (${why})`}, ${peer} ${theirs}`);
      } else explained.set(name, (explained.get(name) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { peer, same, accepted, explained, unexplained };
}
