import { type Blocks, Coverage } from "./coverage.ts";
import { errorOf } from "./campaign.ts";
import type { Checker, FuzzTarget } from "./fuzz_target.ts";

/** The code that guides: the program's own, and the YAML parser's. */
const FILES = /^file:.*(?:\/lib\/|js-yaml)/;

/** How many inputs run between two looks. A look takes about a millisecond, as long as some 30 inputs. */
const BATCH = 128;

/**
 * Finds inputs that reach code which no earlier one has reached, or run it more often by an order of two: these are what
 * further inputs are made of.
 */
export class Guide {
  readonly #coverage: Coverage;
  readonly #seen = new Set<string>();
  /** The places that the corpus or a kept input reaches. */
  readonly #places = new Set<string>();
  /** Places of batches that have been looked at: V8 joins neighbours of one count, so a batch may have places of its own. */
  readonly #looked = new Set<string>();
  /** Places of the corpus as it was. */
  #known: ReadonlySet<string> = new Set();
  readonly #found: { readonly input: Uint8Array; readonly places: ReadonlySet<string> }[] = [];

  static async start(): Promise<Guide> {
    return new Guide(await Coverage.start());
  }

  private constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  /** How many blocks of the code have run. */
  get blocks(): number {
    return this.#places.size;
  }

  /** Learns what the corpus reaches. */
  async learn(target: FuzzTarget, corpus: readonly Uint8Array[]): Promise<void> {
    const checker = await target.begin();
    await this.#coverage.take(FILES);
    for (const input of corpus) await this.#isNew(checker, input);
    await checker.end?.();
    this.#known = new Set(this.#places);
    this.#found.length = 0;
  }

  /** A few of the found inputs that together reach whatever all of them reach and the corpus did not. */
  chosen(): Uint8Array[] {
    const left = new Set(this.#places);
    for (const place of this.#known) left.delete(place);
    const chosen: Uint8Array[] = [];
    while (left.size > 0) {
      const gain = ({ places }: { places: ReadonlySet<string> }): number => {
        let count = 0;
        for (const place of places) if (left.has(place)) count++;
        return count;
      };
      const best = this.#found.reduce((most, each) => gain(each) > gain(most) ? each : most);
      if (gain(best) === 0) break;
      chosen.push(best.input);
      for (const place of best.places) left.delete(place);
    }
    return chosen;
  }

  /** Looks at a campaign in batches, and adds to the corpus the inputs of each that reach something new. */
  batches(
    target: FuzzTarget,
    corpus: Uint8Array[],
  ): { readonly size: number; look(batch: readonly Uint8Array[]): Promise<void> } {
    let checker: Checker | undefined;
    return {
      size: BATCH,
      look: async (batch) => {
        if (!this.#hasNewPlace(await this.#coverage.take(FILES))) return;
        checker ??= await target.begin();
        for (const input of batch) if (await this.#isNew(checker, input)) corpus.push(input);
      },
    };
  }

  async stop(): Promise<void> {
    await this.#coverage.stop();
  }

  /** Whether a batch reached a place that no earlier one has. */
  #hasNewPlace(blocks: Blocks): boolean {
    const { size } = this.#looked;
    for (const place of blocks.keys()) this.#looked.add(place);
    return this.#looked.size > size;
  }

  async #isNew(checker: Checker, input: Uint8Array): Promise<boolean> {
    await errorOf(checker, input);
    let isNew = false;
    const blocks = await this.#coverage.take(FILES);
    for (const [place, count] of blocks) {
      this.#places.add(place);
      const seen = `${place} ${Math.min(6, Math.floor(Math.log2(count)))}`;
      if (this.#seen.has(seen)) continue;
      this.#seen.add(seen);
      isNew = true;
    }
    if (isNew) this.#found.push({ input, places: new Set(blocks.keys()) });
    return isNew;
  }
}
