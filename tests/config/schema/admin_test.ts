import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Config, effectiveConfig, parseConfig } from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

const APPS = `apps: [{ name: a, listen: ["127.0.0.1:7000"], targets: ["h:1"] }]`;

function parse(admin: string): Promise<Config> {
  return parseConfig(`${admin}\n${APPS}`, { file: "c.yaml", baseDirectory: "/etc/tcpproxy" });
}

async function problemsOf(admin: string): Promise<string[]> {
  const { problems } = await configErrorOf(() => parse(admin));
  return problems.map(({ message }) => message);
}

Deno.test("parseConfig: without admin there is none, and off says the same", async () => {
  for (const text of ["", "admin: off", "admin: false"]) {
    const config = await parse(text);
    assertEquals(config.admin, undefined);
    assertEquals(effectiveConfig(config).admin, "off");
  }
});

Deno.test("parseConfig: an empty admin listens on loopback, without a token", async () => {
  const { admin } = await parse("admin: {}");
  assertEquals(admin, { listen: { kind: "tcp", host: "127.0.0.1", port: 9900 }, tokenFile: undefined });
});

Deno.test("parseConfig: admin's token file is found from the config's folder", async () => {
  const config = await parse(`admin: { listen: "[0::1]:9901", token_file: ./admin.token }`);
  assertEquals(config.admin, {
    listen: { kind: "tcp", host: "::1", port: 9901 },
    tokenFile: "/etc/tcpproxy/admin.token",
  });
  assertEquals(effectiveConfig(config).admin, {
    listen: "[::1]:9901",
    token_file: "/etc/tcpproxy/admin.token",
  });
});

Deno.test("parseConfig: admin without a token may listen on loopback alone", async () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"]) {
    assertEquals((await parse(`admin: { listen: "${host}:9900" }`)).admin?.listen.port, 9900);
  }
  for (const host of ["0.0.0.0", "[::]", "10.0.0.1", "admin.internal", "[::ffff:10.0.0.1]", "localhost.x"]) {
    const [message = "", ...others] = await problemsOf(`admin: { listen: "${host}:9900" }`);
    assertStringIncludes(message, `the address "${host}:9900" can be reached from other machines`);
    assertEquals(others, []);
    const config = await parse(`admin: { listen: "${host}:9900", token_file: t }`);
    assertEquals(config.admin?.tokenFile, "/etc/tcpproxy/t");
  }
});

Deno.test("parseConfig: admin's address must not be one of an app's", async () => {
  const taken = `is taken by apps[0].listen[0]; choose a free one`;
  for (const listen of ["127.0.0.1:7000", "[::ffff:127.0.0.1]:7000"]) {
    assertStringIncludes((await problemsOf(`admin: { listen: "${listen}" }`))[0] ?? "", taken);
  }
  const wild = await problemsOf(`admin: { listen: "0.0.0.0:7000", token_file: t }`);
  assertEquals(wild, [`the address "0.0.0.0:7000" ${taken}`]);
  assertEquals((await parse(`admin: { listen: "127.0.0.2:7000" }`)).admin?.listen.port, 7000);
});

Deno.test("parseConfig: the error for admin as something else says what it may be", async () => {
  assertEquals(await problemsOf("admin: 9900"), ["the value is 9900; expected a mapping, or off"]);
  assertEquals(await problemsOf("admin: { listen: 9900 }"), [
    `the value is 9900; expected an address like "127.0.0.1:9900"`,
  ]);
});
