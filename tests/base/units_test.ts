import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  formatByteRate,
  formatDuration,
  formatSize,
  MAX_DURATION_MS,
  MAX_SIZE_BYTES,
  parseByteRate,
  parseDuration,
  parseEventRate,
  parseSize,
  UnitError,
} from "../../lib/base/mod.ts";

Deno.test("parseDuration: reads what formatDuration writes", () => {
  const any = fc.oneof(
    fc.integer({ min: 0, max: MAX_DURATION_MS }),
    fc.integer({ min: 0, max: 720 }).map((hours) => hours * 3_600_000),
    fc.constant(Infinity),
  );
  fc.assert(fc.property(any, (ms) => assertStrictEquals(parseDuration(formatDuration(ms)), ms)));
});

Deno.test("formatDuration: the largest unit that is exact", () => {
  const cases = {
    off: Infinity,
    "0s": 0,
    "1ms": 1,
    "1s": 1000,
    "90s": 90_000,
    "2m": 120_000,
    "720h": MAX_DURATION_MS,
  };
  for (const [text, ms] of Object.entries(cases)) assertStrictEquals(formatDuration(ms), text);
});

Deno.test("parseDuration: fractions are read to the millisecond", () => {
  assertStrictEquals(parseDuration("1.5s"), 1500);
  assertStrictEquals(parseDuration("0.5h"), 1_800_000);
  assertStrictEquals(parseDuration("0.1ms"), 0);
});

Deno.test("parseDuration: days, and several units of which the largest is first", () => {
  const cases = {
    "1d": 86_400_000,
    "1.5d": 129_600_000,
    "1h30m": 5_400_000,
    "1m500ms": 60_500,
    "1d2h3m4s5ms": 93_784_005,
    "0h0m": 0,
    "30d": MAX_DURATION_MS,
  };
  for (const [text, ms] of Object.entries(cases)) assertStrictEquals(parseDuration(text), ms);
});

Deno.test("parseDuration: refuses everything else and says what is expected", () => {
  for (
    const text of [
      "",
      "5",
      "s",
      "-5s",
      "5 s",
      "5S",
      "1e3s",
      ".5s",
      "5.s",
      "Off",
      "1w",
      "Infinity",
      "5s ",
      "1m1h",
      "1s1s",
      "1.5h1m",
    ]
  ) {
    assertStrictEquals(
      assertThrows(() => parseDuration(text), UnitError).message,
      `the duration is "${text}"; expected one like 500ms, 5s, 10m, 1h30m or off`,
    );
  }
  assertStrictEquals(
    assertThrows(() => parseDuration("721h"), UnitError).message,
    `the duration is "721h"; expected at most 720h, or off`,
  );
});

Deno.test("parseSize: reads what formatSize writes", () => {
  const any = fc.oneof(
    fc.integer({ min: 0, max: MAX_SIZE_BYTES }),
    fc.integer({ min: 0, max: 1024 }).map((count) => count * 1024 ** 3),
  );
  fc.assert(fc.property(any, (bytes) => assertStrictEquals(parseSize(formatSize(bytes)), bytes)));
});

Deno.test("parseSize: binary units are of 1024, decimal ones of 1000", () => {
  const cases = {
    "512B": 512,
    "1KiB": 1024,
    "1KB": 1000,
    "1kB": 1000,
    "1.5MiB": 1_572_864,
    "2MB": 2_000_000,
  };
  for (const [text, bytes] of Object.entries(cases)) assertStrictEquals(parseSize(text), bytes);
  assertStrictEquals(parseSize("1GiB"), 1024 ** 3);
  assertStrictEquals(parseSize("1024GiB"), MAX_SIZE_BYTES);
});

Deno.test("parseSize: refuses everything else and says what is expected", () => {
  for (const text of ["", "10", "10K", "10kiB", "-1B", "1 KiB", "1TiB", "MiB"]) {
    assertStrictEquals(
      assertThrows(() => parseSize(text), UnitError).message,
      `the size is "${text}"; expected one like 512B, 16KiB or 10MiB`,
    );
  }
  assertStrictEquals(
    assertThrows(() => parseSize("1025GiB"), UnitError).message,
    `the size is "1025GiB"; expected at most 1024GiB`,
  );
});

Deno.test("parseByteRate: reads what formatByteRate writes", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: MAX_SIZE_BYTES }), (rate) => {
    assertStrictEquals(parseByteRate(formatByteRate(rate)), rate);
  }));
});

Deno.test("parseByteRate: refuses no rate and nothing per second", () => {
  assertStrictEquals(
    assertThrows(() => parseByteRate("10MiB"), UnitError).message,
    `the rate is "10MiB"; expected one like 64KiB/s or 10MiB/s`,
  );
  assertStrictEquals(
    assertThrows(() => parseByteRate("0B/s"), UnitError).message,
    `the rate is "0B/s"; expected more than nothing`,
  );
  assertThrows(() => parseByteRate("10MiB/m"), UnitError);
});

Deno.test("parseEventRate: per second, minute and hour, with a burst of the whole count", () => {
  assertEquals(parseEventRate("100/s"), { ratePerSecond: 100, burst: 100 });
  assertEquals(parseEventRate("30/m"), { ratePerSecond: 0.5, burst: 30 });
  assertEquals(parseEventRate("3600/h"), { ratePerSecond: 1, burst: 3600 });
  assertEquals(parseEventRate("0.5/s"), { ratePerSecond: 0.5, burst: 1 });
  for (const text of ["", "0/s", "100", "100/d", "-1/s", "/s", "1/ms"]) {
    assertStrictEquals(
      assertThrows(() => parseEventRate(text), UnitError).message,
      `the rate is "${text}"; expected one like 100/s or 30/m`,
    );
  }
});

Deno.test("units: any text is a quantity or a UnitError", () => {
  for (const parse of [parseDuration, parseSize, parseByteRate, parseEventRate]) {
    fc.assert(fc.property(fc.string(), (text) => {
      try {
        const quantity = parse(text);
        assert((typeof quantity === "number" ? quantity : quantity.burst) >= 0, "the quantity is negative");
      } catch (error) {
        assert(error instanceof UnitError, `${error} is no UnitError`);
      }
    }));
  }
});
