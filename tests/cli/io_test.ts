import { assertEquals, assertRejects } from "@std/assert";
import { complainTo, OutputError, printTo, writeAll } from "../../lib/cli/io.ts";

Deno.test("writeAll: goes on where a write took only a part", async () => {
  let written = "";
  await writeAll({
    write: (bytes) => {
      written += new TextDecoder().decode(bytes.subarray(0, 3));
      return Promise.resolve(Math.min(3, bytes.length));
    },
  }, "a longer text");
  assertEquals(written, "a longer text");
});

Deno.test("writeAll: a reader that has gone is no error, a full pipe is waited for, anything else is reported", async () => {
  await writeAll({ write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")) }, "x");
  let tries = 0;
  await writeAll({
    write: (bytes) =>
      ++tries === 1 ? Promise.reject(new Deno.errors.WouldBlock("full")) : Promise.resolve(bytes.length),
  }, "x");
  assertEquals(tries, 2);
  await assertRejects(() => writeAll({ write: () => Promise.reject(new Error("odd")) }, "x"), Error, "odd");
});

Deno.test("printTo: a disk that is full is an OutputError, complainTo has nobody left to tell", async () => {
  const full = { write: () => Promise.reject(new Error("No space left on device (os error 28)")) };
  await assertRejects(() => printTo(full, "x"), OutputError, "write to stdout: No space left on device");
  await complainTo(full, "x");
});
