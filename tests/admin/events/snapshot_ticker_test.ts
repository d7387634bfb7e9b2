import { assertEquals } from "@std/assert";
import { type SnapshotReader, SnapshotTicker } from "../../../lib/admin/events/snapshot_ticker.ts";
import { FakeScheduler } from "../../helpers/fakes/fake_scheduler.ts";

/** A ticker on fake time, which starts at 100 ms, and how many snapshots were made. */
async function bench(): Promise<{
  time: FakeScheduler;
  ticker: SnapshotTicker;
  reader(intervalMs: number): { reader: SnapshotReader; took: string[] };
  made(): number;
  defects: unknown[];
}> {
  const time = new FakeScheduler();
  await time.advance(100);
  let made = 0;
  const defects: unknown[] = [];
  const ticker = new SnapshotTicker({
    nowMs: () => time.nowMs(),
    schedule: (run, delayMs) => time.after(delayMs, run),
    onDefect: (error) => defects.push(error),
  });
  return {
    time,
    ticker,
    defects,
    made: () => made,
    reader: (intervalMs) => {
      const took: string[] = [];
      const reader: SnapshotReader = {
        intervalMs,
        snapshot: () => Promise.resolve(`${++made}`),
        take: (frame) => took.push(`${time.nowMs()}:${new TextDecoder().decode(frame).split("\n")[1]}`),
      };
      return { reader, took };
    },
  };
}

Deno.test("SnapshotTicker: readers get one at once, and share those of each tick", async () => {
  const { time, ticker, reader, made } = await bench();
  const [one, other, slow] = [reader(1000), reader(1000), reader(2000)];
  using _one = ticker.add(one.reader);
  await time.advance(500);
  using _other = ticker.add(other.reader);
  using _slow = ticker.add(slow.reader);
  await time.advance(1400);
  assertEquals(one.took, ["100:data: 1", "1000:data: 3", "2000:data: 4"]);
  assertEquals(other.took, ["600:data: 2", "1000:data: 3", "2000:data: 4"]);
  assertEquals(slow.took, ["600:data: 2", "2000:data: 4"]);
  assertEquals(made(), 4);
});

Deno.test("SnapshotTicker: makes at most ten a second, whatever the intervals", async () => {
  const { time, ticker, reader, made } = await bench();
  using readers = new DisposableStack();
  for (let interval = 250; interval < 282; interval++) readers.use(ticker.add(reader(interval).reader));
  await time.advance(1000);
  assertEquals(made() <= 11, true, `it made ${made()}`);
});

Deno.test("SnapshotTicker: one that comes late does not follow a later one", async () => {
  const { time, ticker, reader } = await bench();
  const { reader: quick, took } = reader(1000);
  const slow = Promise.withResolvers<string>();
  let isFirst = true;
  using _reader = ticker.add({
    ...quick,
    snapshot: () => {
      if (!isFirst) return quick.snapshot();
      isFirst = false;
      return slow.promise;
    },
  });
  await time.advance(900);
  slow.resolve("late");
  await time.advance(0);
  assertEquals(took, ["1000:data: 1"]);
});

Deno.test("SnapshotTicker: without readers there is no timer", async () => {
  const { time, ticker, reader } = await bench();
  const [one, other] = [ticker.add(reader(250).reader), ticker.add(reader(1000).reader)];
  one[Symbol.dispose]();
  assertEquals(time.pending, 1);
  other[Symbol.dispose]();
  assertEquals(time.pending, 0);
});

Deno.test("SnapshotTicker: one that fails is reported, and the next one is made", async () => {
  const { time, ticker, reader, defects } = await bench();
  const { reader: broken, took } = reader(1000);
  let fails = true;
  using _broken = ticker.add({
    ...broken,
    snapshot: () => fails ? Promise.reject(new Error("broken")) : broken.snapshot(),
  });
  await time.advance(0);
  fails = false;
  await time.advance(900);
  assertEquals([defects.map(String), took], [["Error: broken"], ["1000:data: 1"]]);
});
