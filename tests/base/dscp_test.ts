import { assertEquals, assertStrictEquals } from "@std/assert";
import { DSCP_NAMES, dscpOf, formatDscp, MAX_DSCP } from "../../lib/base/mod.ts";

Deno.test("dscpOf: the code points of RFC 2474, 2597, 3246, 5865 and 8622", () => {
  const codes: Readonly<Record<string, number>> = {
    cs0: 0,
    cs5: 40,
    af11: 10,
    af43: 38,
    ef: 46,
    va: 44,
    le: 1,
  };
  for (const [name, code] of Object.entries(codes)) assertStrictEquals(dscpOf(name), code, name);
  for (const name of ["EF", "af44", "constructor", ""]) assertStrictEquals(dscpOf(name), undefined, name);
});

Deno.test("formatDscp: the name of a code point, or its number, which both give it again", () => {
  for (let code = 0; code <= MAX_DSCP; code++) {
    const text = formatDscp(code);
    assertStrictEquals(typeof text === "number" ? text : dscpOf(text), code);
  }
  assertStrictEquals(new Set(DSCP_NAMES.map(dscpOf)).size, DSCP_NAMES.length);
  assertEquals([formatDscp(46), formatDscp(3)], ["ef", 3]);
});
