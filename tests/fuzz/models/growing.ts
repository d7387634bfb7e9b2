import type { Draw } from "../engine/draw.ts";
import { holds, same } from "../engine/fuzz_target.ts";

/** A verdict on the beginning of a connection. */
interface Verdict {
  readonly kind: string;
  readonly atLeast?: number;
  readonly length?: number;
}

/**
 * Checks a parser that is given the beginning of a connection as it grows: it asks for more until it decides, the decision
 * stands whatever follows, and it asks for no more bytes than the decision takes, so that no client waits for ever.
 */
export function checkGrowing<V extends Verdict>(
  input: Uint8Array,
  verdict: V,
  parse: (bytes: Uint8Array) => V,
  draw: Draw,
): void {
  const ends = [...draw.list(3, () => draw.below(input.length + 1)), input.length].sort((a, b) => a - b);
  let settled: V | undefined;
  let needed = 0;
  for (const end of ends) {
    const said = parse(input.subarray(0, end));
    if (settled !== undefined) {
      same(kindOf(said), kindOf(settled), `the verdict at ${end} bytes is the earlier one`);
    } else if (said.kind === "need_more") {
      const { atLeast = end + 1 } = said;
      holds(atLeast > end, () => `at ${end} bytes it needs ${atLeast}, which it has`);
      needed = Math.max(needed, atLeast);
    } else {
      holds(
        end >= needed || said.kind !== "header",
        () => `it needed ${needed} bytes for a header, and read one in ${end}`,
      );
      settled = said;
    }
  }
  const { length = 0 } = verdict;
  holds(length <= input.length, () => `it read ${length} of ${input.length} bytes`);
  if (verdict.kind === "need_more") return;
  const grown = new Uint8Array(input.length + 9).fill(0x0a);
  grown.set(input);
  same(kindOf(parse(grown)), kindOf(verdict), "bytes after a verdict do not change it");
  // Nothing beyond the view's end may be read.
  same(
    kindOf(parse(grown.subarray(0, input.length))),
    kindOf(verdict),
    "a view of a longer buffer is the same",
  );
}

/** What of a verdict more bytes do not change: the words of a message may quote them. */
function kindOf({ kind, length = 0 }: Verdict): string {
  return kind === "header" ? `${kind} of ${length} bytes` : kind;
}
