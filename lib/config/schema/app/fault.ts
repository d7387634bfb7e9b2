import * as z from "zod";
import { FAULT_DIRECTIONS } from "../../model/fault_config.ts";
import { probability, wholeNumber } from "../values/numbers.ts";
import { blocks } from "../values/texts.ts";
import { byteRate, choice, limit, limitOrOff, size } from "../values/units.ts";

const Scope = z.strictObject({
  direction: choice(FAULT_DIRECTIONS).prefault("both").meta({
    description:
      "Which bytes it acts on: `up` is from client to target. `refuse`, and a cut after a time, have no " +
      "use for it.",
  }),
  probability: probability().prefault(1).meta({
    description: "The share of connections that it hits, 0 to 1.",
    examples: [0.5],
  }),
  clients: blocks().prefault([]).meta({
    description: "The clients that it hits; an empty list is all.",
    examples: [["10.0.0.0/8"]],
  }),
  expires: limitOrOff().prefault("off").meta({
    description: "How long after the start of the proxy it ends by itself.",
    examples: ["10m"],
  }),
  seed: wholeNumber(0, 2 ** 32 - 1).optional().meta({
    description:
      "Makes what is drawn repeatable: it decides whether the n-th connection that the fault is for is hit, " +
      "and how, with any number of workers.",
    examples: [1],
  }),
});

const Cut = z.strictObject({
  after: limit({ zero: true }).optional().meta({
    description: "So long after the target was reached. Either this or `after_bytes`.",
    examples: ["2s"],
  }),
  after_bytes: size().optional().meta({
    description: "After so many bytes of the direction. Either this or `after`.",
    examples: ["1MiB"],
  }),
});

/** One fault. Each kind has what it needs, beside what all have. */
export const Fault = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: kind("latency", "Every piece of data is held back for a time."),
    amount: limit().meta({ description: "How long it is held back.", examples: ["100ms"] }),
    jitter: limit({ zero: true }).prefault("0s").meta({
      description: "The amount, give or take this; at most the amount.",
      examples: ["20ms"],
    }),
    ...Scope.shape,
  }),
  z.strictObject({
    kind: kind("bandwidth", "Data passes at no more than a rate."),
    rate: byteRate().meta({ description: "Bytes per second.", examples: ["64KiB/s"] }),
    ...Scope.shape,
  }),
  z.strictObject({
    kind: kind("slice", "Data passes in small pieces."),
    size: size().meta({ description: "The largest piece.", examples: ["16B"] }),
    delay: limit({ zero: true }).prefault("0s").meta({
      description: "The wait between two pieces.",
      examples: ["10ms"],
    }),
    ...Scope.shape,
  }),
  z.strictObject({
    kind: kind(
      "reset",
      "The connection is cut without a proper end: under TLS without close_notify. Plain TCP shows a FIN as for " +
        "`close`, because the runtime cannot send a reset; with `engine: native` it is one.",
    ),
    ...Cut.shape,
    ...Scope.shape,
  }),
  z.strictObject({
    kind: kind("close", "The connection is closed, TLS with close_notify."),
    ...Cut.shape,
    ...Scope.shape,
  }),
  z.strictObject({ kind: kind("black_hole", "Data is taken and goes nowhere."), ...Scope.shape }),
  z.strictObject({
    kind: kind("refuse", "The client is closed before any target is dialed."),
    ...Scope.shape,
  }),
], { error: "a fault with a kind" });

/** A fault as zod gives it. */
export type ParsedFault = z.output<typeof Fault>;

function kind<const Word extends string>(word: Word, description: string): z.ZodLiteral<Word> {
  return z.literal(word, { error: `"${word}"` }).meta({ description });
}
