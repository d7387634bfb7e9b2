import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type Address,
  AddressError,
  checkHost,
  collides,
  expandListenRange,
  formatAddress,
  formatIp,
  MAX_UNIX_PATH_BYTES,
  parseAddress,
  parseListenAddresses,
  parseListenRange,
  parsePort,
  parsePorts,
  parseTargetAddress,
  type TargetAddress,
} from "../../lib/base/mod.ts";

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,8}[a-z0-9])?$/);
const hostName = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."))
  .filter((name) => !/^[\d.]+$/.test(name));
const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(formatIp);
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(formatIp);
const host = fc.oneof(hostName, ipv4, ipv6);
const port = fc.integer({ min: 1, max: 65535 });
const path = fc.stringMatching(/^\/[ -~]{0,100}$/);

const targetAddress: fc.Arbitrary<TargetAddress> = fc.oneof(
  fc.record({ kind: fc.constant("tcp" as const), host, port }),
  fc.record({ kind: fc.constant("same_port" as const), host }),
  fc.record({ kind: fc.constant("unix" as const), path }),
);

Deno.test("parseTargetAddress: reads what formatAddress writes", () => {
  fc.assert(fc.property(targetAddress, (address) => {
    assertEquals(parseTargetAddress(formatAddress(address)), address);
  }));
});

Deno.test("parseTargetAddress: any text is an address or an AddressError that names a want", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string().map((text) => `${text}:80`)), (text) => {
      try {
        assertEquals(parseTargetAddress(formatAddress(parseTargetAddress(text))), parseTargetAddress(text));
      } catch (error) {
        if (!(error instanceof AddressError)) throw error;
        assert(/; (?:expected|remove) /.test(error.message), `"${error.message}" names no remedy`);
      }
    }),
  );
});

Deno.test("parseTargetAddress: the forms of the reference", () => {
  assertEquals(parseTargetAddress("10.0.0.5:5432"), { kind: "tcp", host: "10.0.0.5", port: 5432 });
  assertEquals(parseTargetAddress("[::1]:80"), { kind: "tcp", host: "::1", port: 80 });
  assertEquals(parseTargetAddress("db.internal.:5432"), { kind: "tcp", host: "db.internal.", port: 5432 });
  assertEquals(parseTargetAddress("unix:/run/pg.sock"), { kind: "unix", path: "/run/pg.sock" });
  assertEquals(parseTargetAddress("db:*"), { kind: "same_port", host: "db" });
  assertEquals(parseTargetAddress("[::1]:*"), { kind: "same_port", host: "::1" });
});

const BAD: readonly [text: string, message: string][] = [
  ["", `the address "" has no port; expected "host:port"`],
  ["localhost", `the address "localhost" has no port; expected "host:port"`],
  [":80", `the host of ":80" is empty; expected "host:port"`],
  ["host:", `the port is ""; expected a number from 1 to 65535`],
  ["host:0", `the port is "0"; expected a number from 1 to 65535`],
  ["host:65536", `the port is "65536"; expected a number from 1 to 65535`],
  ["host:8e1", `the port is "8e1"; expected a number from 1 to 65535`],
  ["host:-1", `the port is "-1"; expected a number from 1 to 65535`],
  [
    "::1:80",
    `the address "::1:80" has several colons; expected "[v6]:port" for an IPv6 address`,
  ],
  ["[::1]", `the address "[::1]" has several colons; expected "[v6]:port" for an IPv6 address`],
  ["[host]:80", `the host "host" stands in brackets; expected those around IPv6 addresses only`],
  ["[::g]:80", `the host "::g" is no IPv6 address; expected one like "[::1]:5001"`],
  ["10.1:80", `the host "10.1" is no IPv4 address; expected four numbers from 0 to 255`],
  ["010.0.0.1:80", `the host "010.0.0.1" is no IPv4 address; expected four numbers from 0 to 255`],
  ["a b:80", `the host "a b" is no host name; expected letters, digits, "-" and "."`],
  ["-a:80", `the host "-a" is no host name; expected letters, digits, "-" and "."`],
  ["a..b:80", `the host "a..b" is no host name; expected letters, digits, "-" and "."`],
  ["https://a.com:8443/x?y", `the address "https://a.com:8443/x?y" is a URL; expected "a.com:8443"`],
  ["HTTPS://u:p@a.com/", `the address "HTTPS://u:p@a.com/" is a URL; expected "a.com:443"`],
  ["http://[::1]", `the address "http://[::1]" is a URL; expected "[::1]:80"`],
  ["tcp://0.0.0.0:80", `the address "tcp://0.0.0.0:80" is a URL; expected "0.0.0.0:80"`],
  ["tcp://db.internal", `the address "tcp://db.internal" is a URL; expected "db.internal:port"`],
  ["http://", `the address "http://" is a URL; expected "host:port"`],
  ["unix:", `the path of "unix:" is empty; expected "unix:/path"`],
  ["unix:/a\0b", `the path of a unix socket has a NUL byte; remove it`],
  [
    `unix:/${"a".repeat(MAX_UNIX_PATH_BYTES)}`,
    `the path of a unix socket has 104 bytes; expected at most 103`,
  ],
];
for (const [text, message] of BAD) {
  Deno.test(`parseTargetAddress: refuses ${JSON.stringify(text.slice(0, 20))} and says why`, () => {
    assertStrictEquals(assertThrows(() => parseTargetAddress(text), AddressError).message, message);
  });
}

Deno.test("parseAddress: refuses the port of the client", () => {
  const error = assertThrows(() => parseAddress("db:*"), AddressError);
  assertStrictEquals(error.message, `the port of "db:*" is "*"; expected a number from 1 to 65535`);
});

Deno.test("parsePorts: a range has both its ends and all between", () => {
  assertEquals(parsePorts("6000-6003"), [6000, 6001, 6002, 6003]);
  assertEquals(parsePorts("6000 - 6001"), [6000, 6001]);
  assertEquals(parsePorts("80"), [80]);
});

Deno.test("parsePorts: refuses a range that runs backwards or leaves the ports", () => {
  const backwards = assertThrows(() => parsePorts("6009-6000"), AddressError);
  assertStrictEquals(backwards.message, `the range "6009-6000" runs backwards; expected "6000-6009"`);
  for (const text of ["0-5", "65000-65536", "1-2-3", "a-b", "-5", "5-"]) {
    assertThrows(() => parsePorts(text), AddressError);
  }
});

Deno.test("parsePort: reads every port and nothing else", () => {
  fc.assert(fc.property(fc.integer(), (number) => {
    if (number >= 1 && number <= 65535) assertStrictEquals(parsePort(String(number)), number);
    else assertThrows(() => parsePort(String(number)), AddressError);
  }));
});

Deno.test("parseListenAddresses: a range is one address a port", () => {
  assertEquals(
    parseListenAddresses("127.0.0.1:7000-7002"),
    [7000, 7001, 7002].map((port) => (
      { kind: "tcp", host: "127.0.0.1", port }
    )),
  );
  assertEquals(parseListenAddresses("[::1]:80"), [{ kind: "tcp", host: "::1", port: 80 }]);
  assertEquals(expandListenRange(parseListenRange("unix:/run/a")), [{ kind: "unix", path: "/run/a" }]);
});

Deno.test("checkHost: says the text that it was shown", () => {
  assertStrictEquals(checkHost("example.com"), "example.com");
  assertStrictEquals(
    assertThrows(() => checkHost("", "[]:80"), AddressError).message,
    `the host of "[]:80" is empty; expected "host:port"`,
  );
});

const NO_HOSTS: readonly [text: string, message: string][] = [
  ["a.com:443", `the host "a.com:443" has a port; expected "a.com"`],
  ["10.0.0.1:*", `the host "10.0.0.1:*" has a port; expected "10.0.0.1"`],
  ["[::1]:443", `the host "[::1]:443" has a port; expected "::1"`],
  ["[::1]", `the host "[::1]" stands in brackets; expected "::1"`],
  ["https://a.com:443/x", `the host "https://a.com:443/x" is a URL; expected "a.com"`],
  ["a:b:c", `the host "a:b:c" is no IPv6 address; expected one like "[::1]:5001"`],
];
for (const [text, message] of NO_HOSTS) {
  Deno.test(`checkHost: refuses ${JSON.stringify(text)} and says what of it is the host`, () => {
    assertStrictEquals(assertThrows(() => checkHost(text), AddressError).message, message);
  });
}

const COLLISIONS: readonly [a: string, b: string, collides: boolean][] = [
  ["127.0.0.1:80", "127.0.0.1:80", true],
  ["127.0.0.1:80", "127.0.0.1:81", false],
  ["127.0.0.1:80", "127.0.0.2:80", false],
  ["0.0.0.0:80", "127.0.0.1:80", true],
  ["0.0.0.0:80", "[::1]:80", false],
  ["[::]:80", "127.0.0.1:80", true],
  ["[::]:80", "0.0.0.0:80", true],
  ["[::]:80", "[::1]:80", true],
  ["[::]:80", "[::1]:81", false],
  ["unix:/a", "unix:/a", true],
  ["unix:/a", "unix:/b", false],
  ["unix:/a", "127.0.0.1:80", false],
];
for (const [a, b, wanted] of COLLISIONS) {
  Deno.test(`collides: ${a} and ${b} ${wanted ? "want one socket" : "do not"}, in either order`, () => {
    const [one, other]: [Address, Address] = [parseAddress(a), parseAddress(b)];
    assertStrictEquals(collides(one, other), wanted);
    assertStrictEquals(collides(other, one), wanted);
  });
}
