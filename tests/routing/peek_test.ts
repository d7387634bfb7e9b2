import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PeekedConnection, type PeekOptions } from "../../lib/routing/mod.ts";
import { parseProxyHeader } from "../../lib/protocol/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { ScriptedDuplex } from "../helpers/connections/scripted_duplex.ts";

const OPTIONS: PeekOptions = { maxBytes: 4096, timeoutMs: Infinity };

type LineVerdict = { readonly kind: "need_more" } | { readonly kind: "line"; readonly length: number };

/** Wants a line. */
function parseLine(bytes: Uint8Array): LineVerdict {
  const end = bytes.indexOf(10);
  return end < 0 ? { kind: "need_more" } : { kind: "line", length: end + 1 };
}

Deno.test("PeekedConnection: looks across reads, and hands on every byte unchanged", async () => {
  const conn = new ScriptedDuplex([utf8("he"), utf8("l"), utf8("lo\nwor"), utf8("ld")], "fin");
  const peeked = new PeekedConnection(conn);
  const outcome = await peeked.peekUntil(parseLine, OPTIONS);
  assertEquals(outcome, { kind: "verdict", verdict: { kind: "line", length: 6 } });
  assertEquals(conn.reads, 3);
  assertEquals(await readAll(peeked, 4), "hello\nworld");
});

Deno.test("PeekedConnection: what is skipped does not come, and the next look sees what is held", async () => {
  const conn = new ScriptedDuplex([utf8("one\ntwo\nthree\nfour")], "fin");
  const peeked = new PeekedConnection(conn);
  for (const length of [4, 4]) {
    assertEquals(await peeked.peekUntil(parseLine, OPTIONS), {
      kind: "verdict",
      verdict: { kind: "line", length },
    });
    peeked.skip(length);
  }
  assertEquals(conn.reads, 1);
  assertEquals(new TextDecoder().decode(peeked.bytes), "three\nfour");
  assertEquals(await readAll(peeked, 100), "three\nfour");
});

Deno.test("PeekedConnection: refuses to skip what is not held", () => {
  const peeked = new PeekedConnection(new ScriptedDuplex([], "fin"));
  assertThrows(() => peeked.skip(1), RangeError, "1 is outside 0 to 0");
  assertThrows(() => peeked.skip(-1), RangeError);
  assertThrows(() => peeked.skip(NaN), RangeError);
});

Deno.test("PeekedConnection: takes apart into the connection and the bytes held", async () => {
  const conn = new ScriptedDuplex([utf8("one\ntwo")], "silence");
  const peeked = new PeekedConnection(conn);
  await peeked.peekUntil(parseLine, OPTIONS);
  peeked.skip(4);
  assertEquals(peeked.take(), { conn, bytes: utf8("two") });
});

Deno.test("PeekedConnection: never holds more than the limit, and says too_long at it", async () => {
  const conn = new ScriptedDuplex([new Uint8Array(100_000)], "silence");
  const peeked = new PeekedConnection(conn);
  const lengths: number[] = [];
  const outcome = await peeked.peekUntil((bytes) => {
    lengths.push(bytes.length);
    return parseLine(bytes);
  }, { maxBytes: 5000, timeoutMs: Infinity });
  assertEquals(outcome, { kind: "too_long" });
  assertEquals(lengths.at(-1), 5000);
});

Deno.test("PeekedConnection: the limit counts what is held, not what was skipped before", async () => {
  const conn = new ScriptedDuplex([utf8("a\n"), utf8("bcd"), utf8("e\n")], "silence");
  const peeked = new PeekedConnection(conn);
  await peeked.peekUntil(parseLine, OPTIONS);
  peeked.skip(2);
  const outcome = await peeked.peekUntil(parseLine, { maxBytes: 5, timeoutMs: Infinity });
  assertEquals(outcome, { kind: "verdict", verdict: { kind: "line", length: 5 } });
});

Deno.test("PeekedConnection: what is held moves along as the buffer grows", async () => {
  const line = concat(Uint8Array.from({ length: 3000 }, (_, index) => 32 + index % 90), utf8("\n"));
  const peeked = new PeekedConnection(new ScriptedDuplex(cut(line, [700]), "fin"));
  const outcome = await peeked.peekUntil(parseLine, OPTIONS);
  assertEquals(outcome, { kind: "verdict", verdict: { kind: "line", length: 3001 } });
  assertEquals(peeked.bytes, line);
});

Deno.test("PeekedConnection: a look that ends in time leaves neither timer nor listener behind", async () => {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_type: string, listener: unknown): unknown => listeners.add(listener);
  signal.removeEventListener = (_type: string, listener: unknown): unknown => listeners.delete(listener);
  const peeked = new PeekedConnection(new ScriptedDuplex([utf8("a"), utf8("\n")], "silence"));
  const outcome = peeked.peekUntil(parseLine, { maxBytes: 10, timeoutMs: 60_000, signal });
  assertEquals(listeners.size, 1);
  assertEquals((await outcome).kind, "verdict");
  // That no timer is left is seen by the sanitizers.
  assertEquals(listeners.size, 0);
});

Deno.test("PeekedConnection: a deadline longer than a timer of the runtime does not fire at once", async () => {
  const conn = new ScriptedDuplex([], "silence");
  const peeked = new PeekedConnection(conn);
  const outcome = peeked.peekUntil(parseLine, { maxBytes: 10, timeoutMs: 30 * 24 * 3_600_000 });
  setTimeout(() => conn.send(utf8("\n")), 10);
  assertEquals((await outcome).kind, "verdict");
});

Deno.test("PeekedConnection: a peer that finishes first has closed", async () => {
  const peeked = new PeekedConnection(new ScriptedDuplex([utf8("half a li")], "fin"));
  assertEquals(await peeked.peekUntil(parseLine, OPTIONS), { kind: "closed" });
  assertEquals(await readAll(peeked, 100), "half a li");
});

Deno.test("PeekedConnection: a reset is a failure with its error", async () => {
  const peeked = new PeekedConnection(new ScriptedDuplex([utf8("half")], "reset"));
  const outcome = await peeked.peekUntil(parseLine, OPTIONS);
  assertEquals(outcome.kind === "failed" && outcome.error instanceof Deno.errors.ConnectionReset, true);
});

Deno.test("PeekedConnection: a silent peer runs into the deadline, and closing leaves nothing behind", async () => {
  const conn = new ScriptedDuplex([utf8("half")], "silence");
  const peeked = new PeekedConnection(conn);
  assertEquals(await peeked.peekUntil(parseLine, { ...OPTIONS, timeoutMs: 1 }), { kind: "timeout" });
  peeked.close();
  assertEquals(conn.closes, 1);
});

Deno.test("PeekedConnection: a deadline is not put off by bytes that trickle in", async () => {
  const conn = new ScriptedDuplex([], "silence");
  const peeked = new PeekedConnection(conn);
  const trickle = setInterval(() => conn.send(utf8("x")), 1);
  const outcome = await peeked.peekUntil(parseLine, { ...OPTIONS, timeoutMs: 20 });
  clearInterval(trickle);
  assertEquals(outcome, { kind: "timeout" });
  peeked.close();
});

Deno.test("PeekedConnection: bytes that come after a deadline are not lost", async () => {
  const conn = new ScriptedDuplex([utf8("ab")], "silence");
  const peeked = new PeekedConnection(conn);
  await peeked.peekUntil(parseLine, { ...OPTIONS, timeoutMs: 1 });
  assertEquals(peeked.take(), undefined);
  conn.send(utf8("cd"));
  const buffer = new Uint8Array(10);
  const texts: string[] = [];
  for (let i = 0; i < 2; i++) {
    const count = await peeked.read(buffer) ?? 0;
    texts.push(new TextDecoder().decode(buffer.subarray(0, count)));
  }
  assertEquals(texts, ["ab", "cd"]);
  assertEquals(peeked.take(), { conn, bytes: new Uint8Array() });
});

Deno.test("PeekedConnection: a look after a deadline goes on where the first one gave up", async () => {
  const conn = new ScriptedDuplex([utf8("ab")], "silence");
  const peeked = new PeekedConnection(conn);
  await peeked.peekUntil(parseLine, { ...OPTIONS, timeoutMs: 1 });
  conn.send(utf8("c\n"));
  const outcome = await peeked.peekUntil(parseLine, OPTIONS);
  assertEquals(outcome, { kind: "verdict", verdict: { kind: "line", length: 4 } });
});

Deno.test("PeekedConnection: a read that fails after a deadline fails the next read alone", async () => {
  const peeked = new PeekedConnection(new ScriptedDuplex([], "silence"));
  await peeked.peekUntil(parseLine, { ...OPTIONS, timeoutMs: 1 });
  peeked.close();
  await assertRejects(() => peeked.read(new Uint8Array(1)), Deno.errors.Interrupted);
});

Deno.test("PeekedConnection: an abort ends the look, before it and during it", async () => {
  const abort = new AbortController();
  const peeked = new PeekedConnection(new ScriptedDuplex([], "silence"));
  const outcome = peeked.peekUntil(parseLine, { ...OPTIONS, signal: abort.signal });
  abort.abort();
  assertEquals(await outcome, { kind: "aborted" });
  assertEquals(await peeked.peekUntil(parseLine, { ...OPTIONS, signal: abort.signal }), { kind: "aborted" });
  peeked.close();
});

Deno.test("PeekedConnection: writes, finishes and closes the connection itself", async () => {
  const conn = new ScriptedDuplex([], "fin");
  const peeked = new PeekedConnection(conn);
  assertEquals(await peeked.write(utf8("abc")), 3);
  await peeked.closeWrite();
  peeked.close();
  assertEquals([conn.written, conn.writeCloses, conn.closes], [[utf8("abc")], 1, 1]);
});

Deno.test("PeekedConnection: any bytes in any pieces come out as they went in, less the header", async () => {
  const header = utf8("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n");
  const cuts = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 9000 }),
      cuts,
      fc.integer({ min: 1, max: 5000 }),
      async (data, cuts, size) => {
        const sent = concat(header, data);
        const peeked = new PeekedConnection(new ScriptedDuplex(cut(sent, cuts), "fin"));
        const outcome = await peeked.peekUntil(parseProxyHeader, OPTIONS);
        assertEquals(outcome.kind === "verdict" && outcome.verdict.kind, "header");
        peeked.skip(header.length);
        assertEquals(await readBytes(peeked, size), data);
      },
    ),
    { numRuns: 100 },
  );
});

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = sizes[pieces.length % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

async function readBytes(peeked: PeekedConnection, bufferSize: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bufferSize);
  const pieces: Uint8Array[] = [];
  for (;;) {
    const count = await peeked.read(buffer);
    if (count === null) return concat(...pieces);
    pieces.push(buffer.slice(0, count));
  }
}

async function readAll(peeked: PeekedConnection, bufferSize: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(peeked, bufferSize));
}
