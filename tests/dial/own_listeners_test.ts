import { assertEquals } from "@std/assert";
import { OwnListeners } from "../../lib/dial/mod.ts";

const LISTENER = { kind: "tcp", host: "::", port: 443 } as const;

function leadsHere(own: OwnListeners, host: string): boolean {
  return own.certainAt({ host, port: 443 }) !== undefined;
}

Deno.test("OwnListeners: addresses that clients have connected to lead to a listener of all, the last 1024 of them", () => {
  const own = new OwnListeners();
  own.replace([{ app: "web", address: LISTENER, isSelective: false }]);
  assertEquals(leadsHere(own, "2001:db8::1"), false);
  // A network that is local as a whole has an address for every connection.
  for (let at = 1; at <= 1025; at++) own.noteLocal(`2001:db8::${at.toString(16)}`);
  own.noteLocal("2001:db8::2");
  const [first, second, last] = [1, 2, 1025].map((at) => leadsHere(own, `2001:db8::${at.toString(16)}`));
  assertEquals([first, second, last], [false, true, true]);
});
