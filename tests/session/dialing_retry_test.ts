import { assertEquals } from "@std/assert";
import { Pool, type TargetSpec } from "../../lib/pool/mod.ts";
import { dialPool } from "../../lib/session/dial/_dialing.ts";
import { AnsweringDialer, target } from "../helpers/fakes/answering_dialer.ts";

interface Rounds {
  /** In the order in which they were dialed. */
  readonly dialed: string[];
  readonly answered: string | undefined;
  readonly pauses: number[];
  readonly reports: string[];
  readonly full: boolean;
}

/** Dials a pool with these tries, while some of its targets refuse; `onPause` may change that. */
async function rounds(
  specs: readonly TargetSpec[],
  tries: number,
  options: { readonly refusing: readonly number[]; onPause?(dialer: AnsweringDialer, pool: Pool): void },
): Promise<Rounds> {
  const reports: string[] = [];
  const pool = new Pool(specs, {
    balance: "first",
    onReport: ({ label }, outcome) => void reports.push(`${label} ${outcome}`),
  });
  const dialer = new AnsweringDialer();
  for (const port of options.refusing) dialer.refusing.add(`10.0.0.1:${port}`);
  dialer.onPause = () => options.onPause?.(dialer, pool);
  const { signal } = new AbortController();
  const dialing = await dialPool(pool, {
    dialer,
    port: 0,
    context: { clientHash: 0 },
    queueTimeoutMs: 0,
    retry: { tries, pauseMs: 1000 },
    clock: { nowMs: () => 0 },
    until: { signal, aborted: false, hold: () => {} },
    opening: undefined,
  });
  const { dialed, candidates, full } = dialing;
  const answered = dialed.kind === "connected" ? dialed.target.label : undefined;
  candidates.release();
  assertEquals(pool.targets.map(({ active }) => active), pool.targets.map(() => 0), "a place is held");
  pool.stop();
  const failed = dialed.failures.map(({ target }) => target.label);
  return { dialed: failed, answered, pauses: dialer.pauses, reports, full };
}

const [ONE, TWO] = ["10.0.0.1:1", "10.0.0.1:2"];

Deno.test("dialPool with retry: goes round the targets until its tries are used up, each failure reported once", async () => {
  const { dialed, answered, pauses, reports } = await rounds([target(1, 9), target(2, 9)], 5, {
    refusing: [1, 2],
  });
  assertEquals([dialed, answered, pauses], [[ONE, TWO, ONE, TWO, ONE], undefined, [1000, 1000]]);
  assertEquals(reports, dialed.map((label) => `${label} failed`));
});

Deno.test("dialPool with retry: fewer tries than targets are all that there are", async () => {
  const { dialed, pauses, reports } = await rounds([target(1, 9), target(2, 9), target(3, 9)], 2, {
    refusing: [1, 2, 3],
  });
  assertEquals([dialed, pauses, reports.length], [[ONE, TWO], [], 2]);
});

Deno.test("dialPool with retry: a target that is back by then is taken, and nobody pauses while another answers", async () => {
  const back = await rounds([target(1, 9), target(2, 9)], 9, {
    refusing: [1, 2],
    onPause: (dialer) => dialer.refusing.delete(TWO ?? ""),
  });
  assertEquals([back.dialed, back.answered, back.pauses], [[ONE, TWO, ONE], TWO, [1000]]);
  const other = await rounds([target(1, 9), target(2, 9)], 9, { refusing: [1] });
  assertEquals([other.dialed, other.answered, other.pauses], [[ONE], TWO, []]);
});

Deno.test("dialPool with retry: a round chooses from the targets that there are by then", async () => {
  const { dialed, answered, pauses } = await rounds([target(1, 9)], 9, {
    refusing: [1],
    onPause: (_dialer, pool) => pool.update([target(2, 9)]),
  });
  assertEquals([dialed, answered, pauses], [[ONE], TWO, [1000]]);
});

Deno.test("dialPool with retry: without a target left, or with nothing but full ones, it does not go on without end", async () => {
  const none = await rounds([target(1, 9)], 9, {
    refusing: [1],
    onPause: (_dialer, pool) => pool.update([]),
  });
  assertEquals([none.dialed, none.pauses, none.full], [[ONE], [1000], false]);
  const full = await rounds([target(1, 9), target(2, 0)], 9, { refusing: [1] });
  assertEquals([full.dialed, full.pauses, full.full], [[ONE], [], true]);
});
