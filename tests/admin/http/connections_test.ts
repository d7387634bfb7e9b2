import { assertStringIncludes } from "@std/assert";
import { HttpConnections } from "../../../lib/admin/http/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { ScriptedDuplex } from "../../helpers/connections/scripted_duplex.ts";

/** A connection whose peer has reset it, as macOS shows it. */
class WithoutOptions extends ScriptedDuplex {
  setNoDelay(): void {
    throw new TypeError("Invalid argument (os error 22)");
  }
}

Deno.test("HttpConnections: a connection that takes no option is served as far as it goes", async () => {
  const responded = Promise.withResolvers<void>();
  const connections = new HttpConnections({
    handle: () => Promise.resolve(new Response("hello")),
    ended: () => responded.resolve(),
    defect: responded.reject,
  });
  const conn = new WithoutOptions([utf8("GET / HTTP/1.1\r\nhost: a\r\n\r\n")], "fin");
  connections.add(conn);
  await responded.promise;
  await connections.closeAll();
  assertStringIncludes(conn.written.map((bytes) => new TextDecoder().decode(bytes)).join(""), "hello");
});
