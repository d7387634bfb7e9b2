import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { readActivation } from "../../../lib/cli/handover/activation.ts";

const OWN = 42;

Deno.test("readActivation: descriptors from 3 on, each with its name", () => {
  assertEquals(readActivation({ pid: "42", count: "3", names: "web:db:web" }, OWN), {
    descriptors: [{ fd: 3, name: "web" }, { fd: 4, name: "db" }, { fd: 5, name: "web" }],
  });
});

Deno.test("readActivation: without names each is unknown", () => {
  const { descriptors } = readActivation({ pid: "42", count: "2", names: undefined }, OWN);
  assertEquals(descriptors, [{ fd: 3, name: "unknown" }, { fd: 4, name: "unknown" }]);
});

Deno.test("readActivation: nothing is passed without variables", () => {
  assertEquals(readActivation({ pid: undefined, count: undefined, names: undefined }, OWN), {
    descriptors: [],
  });
});

Deno.test("readActivation: variables of another process, and bad ones, are problems", () => {
  const problem = (variables: Partial<Parameters<typeof readActivation>[0]>): string | undefined =>
    readActivation({ pid: "42", count: "1", names: undefined, ...variables }, OWN).problem;
  assertStrictEquals(problem({ pid: "41" }), "they are for process 41 (LISTEN_PID), and this is 42");
  assertStrictEquals(
    problem({ pid: undefined }),
    "they are for process unknown (LISTEN_PID), and this is 42",
  );
  assertStrictEquals(problem({ count: "-1" }), 'LISTEN_FDS is "-1"; expected a whole number');
  assertStrictEquals(problem({ count: "9999999" }), 'LISTEN_FDS is "9999999"; expected a whole number');
  assertStrictEquals(problem({ names: "a:b" }), "LISTEN_FDNAMES has 2 names for 1 sockets");
});

Deno.test("readActivation: no text makes it fail, and what it gives is in order", () => {
  const text = fc.option(fc.oneof(fc.string(), fc.nat().map(String)), { nil: undefined });
  fc.assert(fc.property(text, text, text, (pid, count, names) => {
    const { descriptors, problem } = readActivation({ pid, count, names }, OWN);
    if (problem !== undefined) assertEquals(descriptors, []);
    descriptors.forEach(({ fd }, at) => assertStrictEquals(fd, 3 + at));
  }));
});
