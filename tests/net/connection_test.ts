import { assertEquals, assertStrictEquals } from "@std/assert";
import { errorCode } from "../../lib/base/mod.ts";
import { type RuntimeConn, RuntimeConnection, SettlingConnection } from "../../lib/net/runtime/connection.ts";

/** A connection whose writes never settle, whatever happens. */
function neverWriting(): RuntimeConn {
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

Deno.test("SettlingConnection: close ends a write that is under way", async () => {
  const conn = new SettlingConnection(neverWriting());
  const code = conn.write(new Uint8Array(1)).then(() => "written", errorCode);
  conn.close();
  assertStrictEquals(await code, "EINTR");
});

Deno.test("SettlingConnection: a write that ends by itself is passed on", async () => {
  const conn = new SettlingConnection({ ...neverWriting(), write: (bytes) => Promise.resolve(bytes.length) });
  assertStrictEquals(await conn.write(new Uint8Array(3)), 3);
  conn.close();
});

Deno.test("SettlingConnection: options of the socket are passed on, and one that has none takes none", () => {
  const asked: string[] = [];
  const conn = new SettlingConnection({
    ...neverWriting(),
    setNoDelay: (on) => void asked.push(`no delay ${on}`),
    setKeepAlive: (on) => void asked.push(`keepalive ${on}`),
  });
  conn.setNoDelay();
  conn.setKeepAlive();
  assertEquals(asked, ["no delay true", "keepalive true"]);
  new SettlingConnection(neverWriting()).setKeepAlive();
});

Deno.test("RuntimeConnection: gives both ends' addresses, an IPv4 one in its own form and a nameless one without a path", () => {
  const ends = (localAddr: Deno.Addr, remoteAddr: Deno.Addr): [unknown, unknown] => {
    const { local, peer } = new RuntimeConnection({ ...neverWriting(), localAddr, remoteAddr });
    return [local, peer];
  };
  const tcp = (hostname: string): Deno.Addr => ({ transport: "tcp", hostname, port: 5 });
  assertEquals(ends(tcp("::ffff:192.0.2.1"), tcp("2001:db8::1")), [
    { kind: "tcp", host: "192.0.2.1", port: 5 },
    { kind: "tcp", host: "2001:db8::1", port: 5 },
  ]);
  // What the runtime gives for a client that has bound no path.
  const nameless = { transport: "unix", path: null } as unknown as Deno.Addr;
  assertEquals(ends({ transport: "unix", path: "/s" }, nameless), [
    { kind: "unix", path: "/s" },
    { kind: "unix", path: "" },
  ]);
});
