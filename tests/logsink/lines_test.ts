import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { linesWithin, MAX_MESSAGE_BYTES, octetCounted, shortened } from "../../lib/logsink/lines.ts";
import { anyText } from "../helpers/any_text.ts";
import { unframe } from "../helpers/servers/log_servers.ts";

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

Deno.test("octetCounted: the length is of the message in bytes (RFC 6587)", () => {
  const { bytes, ends } = octetCounted(bytesOf("hi\ngrüße\n"), 1000);
  assertEquals(new TextDecoder().decode(bytes), "2 hi7 grüße");
  assertEquals(ends, [{ frame: 4, line: 3 }, { frame: 13, line: 11 }]);
});

Deno.test("octetCounted: any lines come out as messages, and what was sent of them is counted in lines", () => {
  fc.assert(
    fc.property(
      fc.array(anyText({ maxLength: 40 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 600 }),
      (texts, maxBytes, sent) => {
        const lines = texts.map((text) => `<14>${text.toWellFormed().replaceAll("\n", "")}`);
        const all = bytesOf(lines.map((line) => `${line}\n`).join(""));
        const messages: string[] = [];
        for (let at = 0; at < all.length;) {
          const frames = octetCounted(all.subarray(at), maxBytes);
          messages.push(...unframe(new Uint8Array(frames.bytes)).messages);
          assert(frames.ends.length > 0 && (frames.ends.length === 1 || frames.bytes.length <= maxBytes));
          const whole = frames.ends.filter(({ frame }) => frame <= sent);
          assertEquals(linesWithin(frames, sent), whole.at(-1)?.line ?? 0);
          at += linesWithin(frames, frames.bytes.length);
        }
        assertEquals(messages, lines);
      },
    ),
  );
});

Deno.test("shortened: a long message is cut between characters", () => {
  const long = bytesOf(`${"x".repeat(MAX_MESSAGE_BYTES - 1)}€`);
  assertEquals(shortened(long).length, MAX_MESSAGE_BYTES - 1);
  assertEquals(shortened(bytesOf("short")), bytesOf("short"));
});
