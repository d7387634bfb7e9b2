import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  bytesText,
  countText,
  shortAge,
  shortByteRate,
  shortBytes,
  shortCount,
  shortRate,
  shortShare,
  shortTime,
} from "../../../lib/cli/terminal/quantities.ts";

Deno.test("shortBytes: at most five characters, the unit as soon as it is shorter", () => {
  for (
    const [bytes, text] of [
      [0, "0"],
      [1, "1B"],
      [999, "999B"],
      [1000, "1.0K"],
      [1536, "1.5K"],
      [10 * 1024, "10K"],
      [1023 * 1024, "1.0M"],
      [5.5 * 1024 ** 3, "5.5G"],
      [2 ** 60, "1024P"],
    ] as const
  ) {
    assertEquals(shortBytes(bytes), text);
  }
  fc.assert(
    fc.property(fc.double({ min: 0, max: 2 ** 55, noNaN: true }), (n) => assert(shortBytes(n).length <= 5)),
  );
});

Deno.test("counts and rates: as short", () => {
  assertEquals([0, 9999, 12_345, 999_999, 1_234_567].map(shortCount), ["0", "9999", "12k", "1.0M", "1.2M"]);
  assertEquals([0, 0.01, 0.3, 9.96, 12, 12_345].map(shortRate), ["0", "0", "0.3/s", "10/s", "12/s", "12k/s"]);
  assertEquals([0, 0.2, 700, 1_500_000].map(shortByteRate), ["0", "0", "700B/s", "1.4M/s"]);
  assertEquals(countText(null), "-");
  assertEquals(bytesText({ bytesUp: 1, bytesDown: null }), "-");
  assertEquals(bytesText({ bytesUp: 1, bytesDown: 2048 }), "1B up 2.0K down");
});

Deno.test("shortShare: neither a little nor almost everything is rounded away", () => {
  assertEquals([0, 0.001, 0.5, 0.58, 0.999, 1].map(shortShare), ["0%", "<1%", "50%", "58%", ">99%", "100%"]);
});

Deno.test("shortTime, shortAge: the two largest units", () => {
  assertEquals([0.04, 0.44, 9.96, 12.3, 999.6, 9_949, 12_000].map(shortTime), [
    "0.0ms",
    "0.4ms",
    "10ms",
    "12ms",
    "1.0s",
    "9.9s",
    "12s",
  ]);
  assertEquals([-5, 999, 59_000, 184_000, 8_000_000, 450_000_000].map(shortAge), [
    "0s",
    "0s",
    "59s",
    "3m04s",
    "2h13m",
    "5d05h",
  ]);
});
