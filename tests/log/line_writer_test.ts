import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { LineWriter, type LogProblem } from "../../lib/log/destination/line_writer.ts";
import { anyText } from "../helpers/any_text.ts";
import { gate, memoryDestination, systemError } from "../helpers/fakes/log_destination.ts";

Deno.test("LineWriter: lines that come together are one write", async () => {
  const destination = memoryDestination();
  const writer = new LineWriter(destination);
  for (let i = 0; i < 100; i++) writer.write(`line ${i}\n`);
  assertEquals(destination.writes(), 0);
  await writer.close();
  assertEquals(destination.writes(), 1);
  assertEquals(destination.text().split("\n").length, 101);
  assertEquals(destination.closed(), true);
});

Deno.test("LineWriter: a line is written after the delay without another one", async () => {
  const destination = memoryDestination();
  const writer = new LineWriter(destination, { delayMs: 1 });
  // The timer itself does not keep the process alive, so something else must.
  const alive = setTimeout(() => {}, 10_000);
  writer.write("alone\n");
  await destination.arrived("alone\n");
  clearTimeout(alive);
  await writer.close();
  assertEquals(destination.writes(), 1);
});

Deno.test("LineWriter: a full batch is written without waiting for the delay", async () => {
  const destination = memoryDestination();
  const writer = new LineWriter(destination, { batchChars: 10, delayMs: 3_600_000 });
  writer.write("0123456789\n");
  await destination.arrived("9\n");
  assertEquals(destination.text(), "0123456789\n");
  await writer.close();
});

Deno.test("LineWriter: a timer that runs although it was cleared writes nothing again", async () => {
  const { opened, open } = gate();
  const destination = memoryDestination(async (bytes) => {
    await opened;
    return bytes.length;
  });
  const due: (() => void)[] = [];
  const { setTimeout, clearTimeout } = globalThis;
  // As on Deno 2.6, where a timer that is due can no longer be cleared.
  const late = {
    setTimeout: (callback: () => void): number => due.push(callback),
    clearTimeout: (): void => {},
  };
  Object.assign(globalThis, late);
  const writer = new LineWriter(destination, { batchChars: 10 });
  try {
    writer.write("first\n");
    writer.write("second\n");
    for (const callback of due.splice(0)) callback();
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
  open();
  await writer.close();
  assertEquals(destination.text(), "first\nsecond\n");
});

Deno.test("LineWriter: any lines arrive unchanged and in order, however little a write takes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyText({ maxLength: 20 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 50 }),
      async (texts, atMost, batchChars) => {
        const lines = texts.map((text) => `${text.toWellFormed()}\n`);
        const destination = memoryDestination((bytes) => Math.min(atMost, bytes.length));
        const writer = new LineWriter(destination, { batchChars, delayMs: 3_600_000 });
        for (const [index, line] of lines.entries()) {
          writer.write(line);
          if (index % 3 === 0) await Promise.resolve();
        }
        await writer.close();
        assertEquals(destination.text(), new TextDecoder().decode(new TextEncoder().encode(lines.join(""))));
        assertEquals(writer.droppedLines, 0);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("LineWriter: a reader that does not read costs whole lines, counted, and never holds the writer up", async () => {
  const reader = gate();
  const destination = memoryDestination(async (bytes) => {
    await reader.opened;
    return bytes.length;
  });
  const problems: LogProblem[] = [];
  const writer = new LineWriter(destination, {
    batchChars: 10,
    maxChars: 100,
    onProblem: (problem) => problems.push(problem),
  });
  for (let i = 0; i < 50; i++) writer.write(`line ${String(i).padStart(4, "0")}\n`);
  assertEquals(problems, [{ kind: "stalled" }]);
  assertEquals(writer.droppedLines, 40);
  reader.open();
  await destination.arrived("line 0009\n");
  await new Promise((resolve) => setTimeout(resolve));
  writer.write("afterwards\n");
  await writer.close();
  assertEquals(problems[1], { kind: "recovered", droppedLines: 40 });
  assertEquals(problems.length, 2);
  const lines = destination.text().trimEnd().split("\n");
  assertEquals(lines.length, 11);
  assertEquals(lines.at(-1), "afterwards");
});

Deno.test("LineWriter: a write that fails half way is finished when the destination comes back", async () => {
  let calls = 0;
  const destination = memoryDestination((bytes) => {
    calls++;
    if (calls === 1) return 3;
    if (calls === 2) throw systemError("ENOSPC");
    return bytes.length;
  });
  const problems: LogProblem[] = [];
  const writer = new LineWriter(destination, {
    batchChars: 1,
    onProblem: (problem) => problems.push(problem),
  });
  writer.write("first\n");
  for (let i = 0; i < 10 && problems.length === 0; i++) await Promise.resolve();
  assertEquals(destination.text(), "fir");
  writer.write("second\n");
  await writer.close();
  assertEquals(destination.text(), "first\nsecond\n");
  assertEquals(problems.map((problem) => problem.kind), ["failing", "recovered"]);
  assertEquals(problems[1], { kind: "recovered", droppedLines: 0 });
});

Deno.test("LineWriter: a destination that fails for good is reported once, and at the end how many lines are lost", async () => {
  const destination = memoryDestination(() => {
    throw systemError("EPIPE");
  });
  const problems: LogProblem[] = [];
  const writer = new LineWriter(destination, {
    batchChars: 1,
    onProblem: (problem) => problems.push(problem),
  });
  for (let i = 0; i < 5; i++) {
    writer.write("nobody reads this\n");
    await Promise.resolve();
  }
  await writer.close();
  assertEquals(problems, [
    { kind: "failing", code: "EPIPE", message: "EPIPE (os error)" },
    { kind: "lost", droppedLines: 5 },
  ]);
  assertEquals(writer.droppedLines, 5);
});

Deno.test("LineWriter: a non-blocking pipe that is full is tried again and is no problem", async () => {
  let calls = 0;
  const destination = memoryDestination((bytes) => {
    if (++calls < 3) throw systemError("EAGAIN");
    return bytes.length;
  });
  const problems: LogProblem[] = [];
  const writer = new LineWriter(destination, { onProblem: (problem) => problems.push(problem) });
  writer.write("patience\n");
  await writer.close();
  assertEquals(destination.text(), "patience\n");
  assertEquals(problems, []);
});

Deno.test("LineWriter.flushSync: what waits is written before it returns, and only once", async () => {
  const destination = memoryDestination();
  const writer = new LineWriter(destination);
  writer.write("one\n");
  writer.write("two\n");
  writer.flushSync();
  assertEquals(destination.text(), "one\ntwo\n");
  await writer.close();
  assertEquals(destination.text(), "one\ntwo\n");
});

Deno.test("LineWriter.flushSync: a full pipe is given time, then given up, and nothing is thrown", async () => {
  const destination = memoryDestination(() => {
    throw systemError("EAGAIN");
  });
  const writer = new LineWriter(destination);
  writer.write("lost\n");
  writer.flushSync();
  assertEquals(writer.droppedLines, 1);
  await writer.close();
  assertEquals(writer.droppedLines, 1);
});

Deno.test("LineWriter.close: a reader that stands still does not hold the end up", async () => {
  const reader = gate();
  const destination = memoryDestination(async (bytes) => {
    await reader.opened;
    return bytes.length;
  });
  const problems: LogProblem[] = [];
  const writer = new LineWriter(destination, {
    batchChars: 1,
    onProblem: (problem) => problems.push(problem),
  });
  writer.write("on its way\n");
  writer.write("behind it\n");
  await writer.close(1);
  assertEquals(problems, [{ kind: "lost", droppedLines: 2 }]);
  assertEquals(writer.droppedLines, 2);
  writer.write("too late\n");
  assertEquals(writer.droppedLines, 3);
  reader.open();
});

Deno.test("LineWriter.replace: a line begun in the old destination is whole in the new one", async () => {
  let calls = 0;
  const before = memoryDestination((): number => {
    if (++calls === 1) return "first\nsec".length;
    throw systemError("ENOSPC");
  });
  const after = memoryDestination();
  const writer = new LineWriter(before, { batchChars: 14 });
  writer.write("first\n");
  writer.write("second\nx\n");
  for (let i = 0; i < 10 && calls < 2; i++) await Promise.resolve();
  writer.replace(after);
  await writer.close();
  assertEquals(before.text(), "first\nsec");
  assertEquals(after.text(), "second\nx\n");
  assertEquals([before.closed(), after.closed()], [true, true]);
});

Deno.test("LineWriter: what waits is bounded however much is written", async () => {
  const reader = gate();
  const destination = memoryDestination(async (bytes) => {
    await reader.opened;
    return bytes.length;
  });
  const writer = new LineWriter(destination, { maxChars: 64 * 1024 });
  const line = `${"x".repeat(99)}\n`;
  for (let i = 0; i < 10_000; i++) writer.write(line);
  reader.open();
  await writer.close();
  assertLess(destination.text().length, 64 * 1024 + 1);
  assertEquals(destination.text().length / 100 + writer.droppedLines, 10_000);
});

Deno.test("LineWriter: the pauses after failures grow up to their limit, and begin anew after a success", async () => {
  let failures = 6;
  const destination = memoryDestination((bytes) => {
    if (failures-- > 0) throw systemError("ECONNREFUSED");
    return bytes.length;
  });
  const pauses: (number | undefined)[] = [];
  const setTimer = globalThis.setTimeout;
  // Each pause is over at once, and noted.
  const immediately = (callback: () => void, ms?: number): ReturnType<typeof setTimeout> => {
    pauses.push(ms);
    return setTimer(callback, 0);
  };
  globalThis.setTimeout = immediately as typeof setTimeout;
  const writer = new LineWriter(destination, { delayMs: 1, maxRetryMs: 8000 });
  const alive = setInterval(() => {}, 1000);
  try {
    writer.write("a\n");
    await destination.arrived("a\n");
    failures = 1;
    writer.write("b\n");
    await destination.arrived("b\n");
  } finally {
    globalThis.setTimeout = setTimer;
    clearInterval(alive);
  }
  await writer.close();
  assertEquals(pauses, [1, 1000, 2000, 4000, 8000, 8000, 8000, 1, 1000]);
});
