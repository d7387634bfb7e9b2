import { assertEquals } from "@std/assert";
import { confinementLine } from "../../../lib/cli/run/logging/confinement_line.ts";

const CONFINED = { landlock: 7, calls: true, gaps: [] };

/** What it says of the connections that workers may open. */
function connectionsTo(ports: readonly number[] | "any"): string {
  const { message, fields } = confinementLine(ports === "any" ? ports : new Set(ports), CONFINED);
  const [, said = ""] = /no programs, (.*)$/.exec(
    message.replace(/\{(\w+)\}/g, (_, name: string) => String(fields[name])),
  ) ?? [];
  return said;
}

Deno.test("confinementLine: says which connections workers may open", () => {
  assertEquals(connectionsTo([5432]), "TCP connections to port 5432 only");
  assertEquals(connectionsTo([443, 80]), "TCP connections to ports 80, 443 only");
  assertEquals(connectionsTo([]), "no TCP connections");
  assertEquals(connectionsTo("any"), "TCP connections to any port, as discovery gives the ports");
});
