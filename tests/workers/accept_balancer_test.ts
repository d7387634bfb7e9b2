import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { SharedCount } from "../../lib/limits/mod.ts";
import { AcceptBalancer } from "../../lib/workers/shared/accept_balancer.ts";

/** One of several threads as far as turns go; all are in this one. */
interface Thread {
  readonly turns: AcceptBalancer;
  begin(sessions?: number): void;
  end(): void;
}

function threads(count: number, options: { checkMs?: number; nowMs?: () => number } = {}): Thread[] {
  const { checkMs = 60_000, nowMs = (): number => 0 } = options;
  return shared(count).map(({ turns: memory, sessions }, worker) => {
    const turns = new AcceptBalancer(memory, { worker, sessions, checkMs, clock: { nowMs } });
    return {
      turns,
      begin: (many = 1) => {
        for (let i = 0; i < many; i++) {
          sessions.tryTake();
          turns.sessionBegan();
        }
      },
      end: () => {
        sessions.giveBack();
        turns.sessionEnded();
      },
    };
  });
}

function shared(count: number): { turns: SharedArrayBuffer; sessions: SharedCount }[] {
  const turns = AcceptBalancer.allocate(count);
  const memory = SharedCount.allocate(count);
  return Array.from({ length: count }, (_, worker) => ({
    turns,
    sessions: new SharedCount(memory, { worker, max: Infinity }),
  }));
}

function two<T>([one, other]: T[]): [T, T] {
  if (one === undefined || other === undefined) throw new RangeError("there are not two");
  return [one, other];
}

function pair(options?: Parameters<typeof threads>[1]): [Thread, Thread] {
  const [one, other] = two(threads(2, options));
  one.turns.join();
  other.turns.join();
  return [one, other];
}

/** Whether it has settled by the time that everything due has happened. */
async function isOver(promise: Promise<void> | undefined): Promise<boolean> {
  let over = false;
  void promise?.then(() => over = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  return over;
}

Deno.test("AcceptBalancer: a thread level with the others, or one session ahead, accepts at once", () => {
  const [one, other] = pair();
  assertStrictEquals(one.turns.take(), undefined);
  one.begin();
  assertStrictEquals(one.turns.take(), undefined);
  assertStrictEquals(other.turns.take(), undefined);
});

Deno.test("AcceptBalancer: a thread that is ahead waits until one of its sessions has ended", async () => {
  const [one] = pair();
  one.begin(2);
  const turn = one.turns.take();
  assertStrictEquals(await isOver(turn), false);
  one.end();
  await turn;
});

Deno.test("AcceptBalancer: a thread that is ahead waits until the others catch up and wake it", async () => {
  const [one, other] = pair();
  one.begin(3);
  const turn = one.turns.take();
  other.begin();
  assertStrictEquals(await isOver(turn), false);
  other.begin();
  await turn;
});

Deno.test("AcceptBalancer: every listener of a waiting thread resumes", async () => {
  const [one] = pair();
  one.begin(2);
  const waiting = [one.turns.take(), one.turns.take()];
  one.end();
  await Promise.all(waiting);
  assertEquals(waiting.map((turn) => turn === undefined), [false, false]);
});

Deno.test("AcceptBalancer: with many sessions, an eighth more is no reason to wait", () => {
  const [one, other] = pair();
  other.begin(80);
  one.begin(90);
  assertStrictEquals(one.turns.take(), undefined);
});

Deno.test("AcceptBalancer: does not wait for a thread that has not joined", () => {
  const [one] = threads(2);
  one?.turns.join();
  one?.begin(5);
  assertStrictEquals(one?.turns.take(), undefined);
});

Deno.test("AcceptBalancer: does not wait for a dead thread, and wakes those that did", async () => {
  const [one, other] = two(
    shared(2).map(({ turns: memory, sessions }, worker) => ({
      memory,
      sessions,
      turns: new AcceptBalancer(memory, { worker, sessions, checkMs: 60_000 }),
    })),
  );
  one.turns.join();
  other.turns.join();
  for (let i = 0; i < 3; i++) one.sessions.tryTake();
  const turn = one.turns.take();
  assertStrictEquals(await isOver(turn), false);
  AcceptBalancer.forget(one.memory, 1);
  await turn;
  assertStrictEquals(one.turns.take(), undefined);
});

Deno.test("AcceptBalancer: keeps waiting for a live thread that takes no session", async () => {
  const [one] = pair({ checkMs: 1 });
  one.begin(2);
  const turn = one.turns.take();
  assertStrictEquals(await isOver(turn), false);
  one.end();
  await turn;
});

Deno.test("AcceptBalancer: does not wait twice for a hung thread, until some time has passed", async () => {
  let nowMs = 0;
  const [one] = two(shared(2));
  // What `join` writes of the other one, which then never looks whether it is wanted.
  new Int32Array(one.turns)[4] = 1;
  const turns = new AcceptBalancer(one.turns, {
    worker: 0,
    sessions: one.sessions,
    checkMs: 1,
    clock: { nowMs: () => nowMs },
  });
  turns.join();
  for (let i = 0; i < 2; i++) one.sessions.tryTake();
  await turns.take();
  assertStrictEquals(turns.take(), undefined);
  nowMs = 60_000;
  const again = turns.take();
  assert(again !== undefined);
  await again;
});
