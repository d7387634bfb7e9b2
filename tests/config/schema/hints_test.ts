import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parseDuration } from "../../../lib/base/mod.ts";
import { durationHint } from "../../../lib/config/schema/values/duration_hint.ts";
import { parseConfig } from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

function textWith(lines: string): string {
  return `apps: [{ name: a, ports: [1], targets: ["h:1"], ${lines} }]`;
}

for (
  const [lines, hint] of [
    ["idle_timeout: 300", 'did you mean "300s" or "300ms"?'],
    ["connect_timeout: 100", 'did you mean "100s" or "100ms"?'],
    ['connect_timeout: "100"', 'did you mean "100s" or "100ms"?'],
    ["idle_timeout: 1w", 'did you mean "168h"?'],
    ["connect_timeout: 1hr30min", 'did you mean "90m"?'],
    ["idle_timeout: 5sec", 'did you mean "5s"?'],
    ["connect_timeout: 5 s", 'did you mean "5s"?'],
    ["health_check: true", "did you mean {}?"],
    ["allow: 10.0.0.0/8", "did you mean [10.0.0.0/8]?"],
    ["listen: 127.0.0.1:80", "did you mean [127.0.0.1:80]?"],
    ['listen: "[::1]:80"', 'did you mean ["[::1]:80"]?'],
  ] as const
) {
  Deno.test(`parseConfig: ${lines} is answered with the right spelling`, async () => {
    assertStringIncludes(
      (await configErrorOf(() => parseConfig(textWith(lines), { file: "c" }))).message,
      hint,
    );
  });
}

for (
  const [line, hint] of [
    ["watch: yes", "did you mean true?"],
    ["watch: On", "did you mean true?"],
    ['watch: "true"', "did you mean true?"],
    ["watch: no", "did you mean false?"],
    ["watch: off", "did you mean false?"],
    ["defaults: { keepalive: on }", "did you mean true?"],
    ["sandbox: true", 'did you mean "on"?'],
    ["sandbox: false", 'did you mean "off"?'],
  ] as const
) {
  Deno.test(`parseConfig: ${line} is answered with the word that is read here`, async () => {
    const text = `${line}\napps: [{ name: a, ports: [1], targets: ["h:1"] }]\n`;
    assertStringIncludes((await configErrorOf(() => parseConfig(text, { file: "c" }))).message, hint);
  });
}

Deno.test("parseConfig: true is no mapping, and {} is named only where it is enough", async () => {
  const { message } = await configErrorOf(() => parseConfig(textWith("tls: true"), { file: "c" }));
  assertEquals(message.includes("did you mean"), false, message);
});

Deno.test("parseConfig: one port is no list, and the list is named", async () => {
  const text = `apps: [{ name: a, ports: 8082, targets: ["h:1"] }]`;
  const { message } = await configErrorOf(() => parseConfig(text, { file: "c" }));
  assertStringIncludes(message, "apps[0].ports: the value is 8082");
  assertStringIncludes(message, "did you mean [8082]?");
});

Deno.test("durationHint: says only what can be read, and nothing of what nobody means", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.constantFrom("d", "min", "S", "w", "h1m"), (any, count, unit) => {
      for (const text of [any, `${count}${unit}`]) {
        for (const [, meant = ""] of durationHint(text).matchAll(/"(.*?)"/g)) parseDuration(meant);
      }
    }),
  );
  for (const text of ["", "off", "x", "-1", "5s", "1e3s", "99999d"]) {
    assertEquals(durationHint(text), "", text);
  }
});

Deno.test("parseConfig: a size without a unit is bytes, a rate and a duration need theirs", async () => {
  const fault = (fields: string): string => textWith(`faults: [{ kind: ${fields} }]`);
  const parse = async (fields: string): Promise<unknown> =>
    (await parseConfig(fault(fields), { file: "c" })).apps[0]?.faults[0];
  assertEquals(await parse("reset, after_bytes: 1000"), await parse("reset, after_bytes: 1000B"));
  assertEquals(await parse('slice, size: "16"'), await parse("slice, size: 16B"));
  for (const fields of ["reset, after_bytes: 0", "reset, after_bytes: -1", "reset, after_bytes: 1.5"]) {
    await configErrorOf(() => parse(fields));
  }
  for (const fields of ["bandwidth, rate: 1000", "latency, amount: 100"]) {
    await configErrorOf(() => parse(fields));
  }
});

Deno.test("parseConfig: a port beside the address of a target, and a variable, are answered with the remedy", async () => {
  const text = `apps: [{ name: a, ports: ["\${PORT}"], targets: [{ address: 10.0.0.1, port: 80 }] }]`;
  const environment = { read: () => "unset" as const };
  const { message } = await configErrorOf(() => parseConfig(text, { file: "c", environment }));
  assertStringIncludes(
    message,
    `targets[0].port: unknown key; the port belongs to the address: "10.0.0.1:80"`,
  );
  assertStringIncludes(message, 'apps[0].ports[0]: the environment variable "PORT" is not set');
});

Deno.test("parseConfig: keys that begin with x- are the operator's own, at every level, and hold anchors", async () => {
  const text = `x-usual: &usual { idle_timeout: 1m, x-note: [1], bandwidth: { x-why: slow, upload: 1KiB/s } }
log: { x-a: null, level: warning }
apps:
  - { <<: *usual, x-owner: me, name: a, ports: [1], targets: [{ address: "h:1", x-rack: 4 }] }
`;
  const { apps: [app], log } = await parseConfig(text, { file: "c" });
  assertEquals([app?.idleTimeoutMs, app?.bandwidth.upload, log.level], [60_000, 1024, "warning"]);
  await configErrorOf(() => parseConfig(text.replace("x-owner", "y-owner"), { file: "c" }));
});
