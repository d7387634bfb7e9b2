import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { errorCode } from "../../lib/base/mod.ts";
import { refuseItself } from "../../lib/net/runtime/_itself.ts";

/** A connection from one port of a host to another, that counts how often it is closed. */
function conn(from: [string, number], to: [string, number]): {
  localAddr: Deno.NetAddr;
  remoteAddr: Deno.NetAddr;
  closes: number;
  close: () => void;
} {
  const addr = ([hostname, port]: [string, number]): Deno.NetAddr => ({ transport: "tcp", hostname, port });
  return {
    localAddr: addr(from),
    remoteAddr: addr(to),
    closes: 0,
    close(): void {
      this.closes++;
    },
  };
}

Deno.test("refuseItself: closes a connection to itself, and refuses it like a port that nothing listens on", () => {
  for (const host of ["127.0.0.1", "::1", "10.0.0.5"]) {
    const own = conn([host, 40_000], [host, 40_000]);
    const error = assertThrows(() => refuseItself(own), Error, "Connection refused");
    assertEquals([errorCode(error), own.closes], ["ECONNREFUSED", 1]);
  }
});

Deno.test("refuseItself: leaves a connection to another host or port alone", () => {
  for (
    const other of [
      conn(["127.0.0.1", 40_000], ["127.0.0.1", 40_001]),
      conn(["127.0.0.1", 40_000], ["127.0.0.2", 40_000]),
      conn(["::1", 40_000], ["127.0.0.1", 40_000]),
    ]
  ) {
    assertStrictEquals(refuseItself(other), other);
    assertStrictEquals(other.closes, 0);
  }
});
