import { assertEquals } from "@std/assert";
import { ServerNames } from "../../lib/tls/_server_names.ts";

const names = new ServerNames([
  { names: ["first.example"], value: "first" },
  { names: ["*.example.com", "example.com"], value: "wildcard" },
  { names: ["API.example.com", "*.example.com"], value: "exact" },
]);

Deno.test("ServerNames: an exact name counts before a wildcard, whatever their order", () => {
  assertEquals(names.choose("api.example.com"), "exact");
  assertEquals(names.choose("other.example.com"), "wildcard");
  assertEquals(names.choose("example.com"), "wildcard");
});

Deno.test("ServerNames: case and a final dot do not matter", () => {
  assertEquals(names.choose("Api.Example.COM."), "exact");
});

Deno.test("ServerNames: a wildcard stands for one label", () => {
  assertEquals(names.choose("a.b.example.com"), "first");
});

Deno.test("ServerNames: no name and an unknown name get the first", () => {
  for (const name of ["", ".", "example", "elsewhere.test", ".example.com"]) {
    assertEquals(names.choose(name), "first");
  }
});
