import { assertEquals, assertStrictEquals } from "@std/assert";
import { errorCode } from "../../lib/base/mod.ts";
import { type AddressedDuplex, SettlingDuplex } from "../../lib/runtime/mod.ts";

/** A connection whose writes never settle, whatever happens. */
function neverWriting(): AddressedDuplex {
  const addr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  return {
    localAddr: addr,
    remoteAddr: addr,
    read: () => Promise.resolve(null),
    write: () => new Promise(() => {}),
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };
}

Deno.test("SettlingDuplex: close ends a write that is under way", async () => {
  const conn = new SettlingDuplex(neverWriting());
  const code = conn.write(new Uint8Array(1)).then(() => "written", errorCode);
  conn.close();
  assertStrictEquals(await code, "EINTR");
});

Deno.test("SettlingDuplex: a write that ends by itself is passed on", async () => {
  const conn = new SettlingDuplex({ ...neverWriting(), write: (bytes) => Promise.resolve(bytes.length) });
  assertStrictEquals(await conn.write(new Uint8Array(3)), 3);
  conn.close();
});

Deno.test("SettlingDuplex: options of the socket are passed on, and one that has none takes none", () => {
  const asked: string[] = [];
  const conn = new SettlingDuplex({
    ...neverWriting(),
    setNoDelay: (on) => void asked.push(`no delay ${on}`),
    setKeepAlive: (on) => void asked.push(`keepalive ${on}`),
  });
  conn.setNoDelay();
  conn.setKeepAlive();
  assertEquals(asked, ["no delay true", "keepalive true"]);
  new SettlingDuplex(neverWriting()).setKeepAlive();
});
