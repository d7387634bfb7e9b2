import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { BUFFER_LEVELS, BufferPool } from "../../lib/relay/mod.ts";

Deno.test("BUFFER_LEVELS: each is larger than the one before", () => {
  assertEquals([...BUFFER_LEVELS].sort((a, b) => a - b), [...BUFFER_LEVELS]);
  assertStrictEquals(new Set(BUFFER_LEVELS).size, BUFFER_LEVELS.length);
});

Deno.test("BufferPool: a buffer has the size of its level", () => {
  const pool = new BufferPool();
  assertEquals(BUFFER_LEVELS.map((_, level) => pool.take(level).length), [...BUFFER_LEVELS]);
});

Deno.test("BufferPool: a returned buffer is lent again", () => {
  const pool = new BufferPool();
  for (const level of BUFFER_LEVELS.keys()) {
    const buffer = pool.take(level);
    pool.give(level, buffer);
    assertStrictEquals(pool.take(level), buffer);
  }
});

Deno.test("BufferPool: no two lent buffers share a byte", () => {
  const operations = fc.array(
    fc.record({ level: fc.nat(BUFFER_LEVELS.length - 1), take: fc.boolean() }),
    { maxLength: 400, size: "max" },
  );
  fc.assert(
    fc.property(operations, (list) => {
      const pool = new BufferPool();
      const out: { level: number; buffer: Uint8Array }[] = [];
      for (const { level, take } of list) {
        const back = take ? undefined : out.shift();
        if (back !== undefined) pool.give(back.level, back.buffer);
        else out.push({ level, buffer: pool.take(level) });
      }
      const ranges = new Map<ArrayBufferLike, [number, number][]>();
      for (const { buffer } of out) {
        const others = ranges.get(buffer.buffer) ?? [];
        const [begin, end] = [buffer.byteOffset, buffer.byteOffset + buffer.length];
        assert(others.every(([from, to]) => end <= from || to <= begin), "two buffers overlap");
        ranges.set(buffer.buffer, [...others, [begin, end]]);
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("BufferPool: small buffers are cut from few allocations", () => {
  const pool = new BufferPool();
  const slabs = new Set(Array.from({ length: 256 }, () => pool.take(0).buffer));
  assert(slabs.size <= 2, `256 buffers are of ${slabs.size} allocations`);
});

Deno.test("BufferPool: keeps a bounded number of returned large buffers", () => {
  const pool = new BufferPool();
  const level = BUFFER_LEVELS.length - 1;
  const size = BUFFER_LEVELS[level] ?? 0;
  const out = Array.from({ length: 200 }, () => pool.take(level));
  for (const buffer of out) pool.give(level, buffer);
  const given = new Set(out);
  let kept = 0;
  while (given.has(pool.take(level))) kept++;
  assert(kept > 0, "none is kept");
  assert(kept * size <= 16 * 1024 * 1024, `${kept} buffers of ${size} bytes are kept`);
});

Deno.test("BufferPool.above: returns the next level, or the largest for the largest", () => {
  const pool = new BufferPool();
  const levels = [...BUFFER_LEVELS.keys()];
  assertEquals(levels.map((level) => pool.above(level)), [...levels.slice(1), levels.length - 1]);
});

Deno.test("BufferPool: receivers that never read share a bounded number of large buffers, and still get 16 KiB each", () => {
  const pool = new BufferPool();
  const out: { level: number; buffer: Uint8Array }[] = [];
  for (let direction = 0; direction < 5000; direction++) {
    let level = 0;
    for (let next = pool.above(level); next !== level; next = pool.above(level)) level = next;
    out.push({ level, buffer: pool.take(level) });
  }
  const large = out.filter(({ buffer }) => buffer.length > 16 * 1024);
  const largeBytes = large.reduce((sum, { buffer }) => sum + buffer.length, 0);
  assert(large.length > 100, `only ${large.length} are large`);
  assert(largeBytes <= 128 * 1024 * 1024, `${largeBytes} bytes are lent in large buffers`);
  assert(out.every(({ buffer }) => buffer.length >= 16 * 1024), "some direction has less than 16 KiB");

  for (const { level, buffer } of large) pool.give(level, buffer);
  assertEquals(pool.above(BUFFER_LEVELS.length - 2), BUFFER_LEVELS.length - 1);
});

Deno.test("BufferPool: pools share nothing", () => {
  const buffer = new BufferPool().take(1);
  assertNotStrictEquals(new BufferPool().take(1), buffer);
});
