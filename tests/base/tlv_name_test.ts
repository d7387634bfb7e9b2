import { assertEquals } from "@std/assert";
import { formatTlv, parseTlv } from "../../lib/base/mod.ts";

Deno.test("parseTlv: reads what formatTlv writes, for every type", () => {
  for (let type = 1; type <= 255; type++) assertEquals(parseTlv(formatTlv(type)), type);
  assertEquals([formatTlv(2), formatTlv(5), formatTlv(0xea), formatTlv(9)], [
    "authority",
    "unique_id",
    "0xEA",
    "0x09",
  ]);
});

Deno.test("parseTlv: decimal and hexadecimal digits of any case are types, anything else is not", () => {
  assertEquals(["234", "0xea", "0XEA", "0x5"].map(parseTlv), [234, 0xea, 0xea, 5]);
  for (const text of ["", "0", "0x0", "256", "0x100", "-1", "1.5", "1e2", "Authority", " 5", "toString"]) {
    assertEquals(parseTlv(text), undefined, text);
  }
});
