import { assertEquals, assertStringIncludes } from "@std/assert";
import { stringify } from "@std/yaml/stringify";
import { type AppConfig, diffConfigs, effectiveConfig, parseConfig } from "../../../lib/config/mod.ts";
import { configErrorOf } from "../../helpers/config/config_error.ts";

const FILE = { file: "/etc/tcpproxy/c.yaml" };

function textWith(targets: string, more = ""): string {
  return `apps:\n  - name: a\n    ports: [1]\n    targets: [${targets}]\n    ${more}\n`;
}

async function parseApp(targets: string, more = ""): Promise<AppConfig> {
  const config = await parseConfig(textWith(targets, more), FILE);
  const again = await parseConfig(stringify(effectiveConfig(config)), {
    file: "c",
    baseDirectory: "/elsewhere",
  });
  assertEquals(again, config);
  const [app] = config.apps;
  if (app === undefined) throw new Error("no app");
  return app;
}

Deno.test("discover: a file is a path from the config's folder, an endpoint a URL", async () => {
  const { targets, discovery } = await parseApp(
    `{ address: t.json, discover: file, weight: 3 }, { address: ../x/t.yaml, discover: file, backup: true },
      { address: "/run/a:b.json", discover: file }, { address: "https://h:8443/t?a=b", discover: http }`,
    "discovery: { within: [10.0.0.0/8], interval: 5s, timeout: 1s, ca: ca.pem, token_file: /run/t }",
  );
  assertEquals(targets.map(({ label, discover }) => `${discover} ${label}`), [
    "file /etc/tcpproxy/t.json",
    "file /etc/x/t.yaml",
    "file /run/a:b.json",
    "http https://h:8443/t?a=b",
  ]);
  assertEquals([targets[0]?.weight, targets[1]?.backup], [3, true]);
  assertEquals([discovery.intervalMs, discovery.timeoutMs, discovery.within.length], [5000, 1000, 1]);
  assertEquals([discovery.ca, discovery.tokenFile], ["/etc/tcpproxy/ca.pem", "/run/t"]);
});

Deno.test("discovery: what defaults say and no target uses is not said of an app", async () => {
  const head = `defaults: { discovery: { within: [10.0.0.0/8], token_file: t, interval: 1s } }\n`;
  const parse = async (targets: string): Promise<AppConfig["discovery"] | undefined> =>
    (await parseConfig(head + textWith(targets), FILE)).apps[0]?.discovery;
  assertEquals((await parse(`"h:1"`))?.within, []);
  const dns = await parse(`{ address: "h:1", discover: dns }`);
  assertEquals([dns?.within.length, dns?.tokenFile, dns?.intervalMs], [1, undefined, 30_000]);
  const file = await parse(`{ address: "t.json", discover: file }`);
  assertEquals([file?.tokenFile, file?.intervalMs], [undefined, 1000]);
  assertEquals((await parse(`{ address: "http://h/", discover: http }`))?.tokenFile, "/etc/tcpproxy/t");
});

for (
  const [targets, more, message] of [
    [`{ address: t.json }`, "", `"t.json" is no "host:port"; add "discover: file"`],
    [
      `{ address: lists/t }`,
      "",
      `"lists/t" is no "host:port"; add "discover: file" for the targets that it lists`,
    ],
    [`{ address: "http://h/t" }`, "", `"http://h/t" is a URL; expected "h:80", or add "discover: http"`],
    [
      `{ address: "http://h/t", discover: file }`,
      "",
      `is a URL; expected the path of a file, or "discover: http"`,
    ],
    [
      `{ address: "h:1", discover: file }`,
      "",
      `is no path of a file; expected one such as "targets.json", or "./h:1"`,
    ],
    [`{ address: "unix:/x", discover: file }`, "", "is no path of a file"],
    [`{ address: "h:80", discover: http }`, "", "is no http or https URL"],
    [`{ address: "ftp://h/x", discover: http }`, "", "is no http or https URL"],
    [`{ address: "http:///", discover: http }`, "", "is no http or https URL"],
    [`{ address: "http://u:p@h/", discover: http }`, "", "has a password, which logs would show"],
    [`{ address: "http://h/#x", discover: http }`, "", "has a fragment"],
    [`{ address: "http://h/", discover: dns }`, "", "cannot be looked up"],
    [`{ address: "t.json", discover: fiel }`, "", `did you mean "file"?`],
    [`"h:1"`, "discovery: { interval: 1s }", "no target is discovered"],
    [`{ address: t.json, discover: file }`, "dns: { interval: 1s }", "no target is looked up"],
    [`{ address: t.json, discover: file }`, "discovery: { ca: ca.pem }", `no target has "discover: http"`],
  ] as const
) {
  Deno.test(`discover: ${targets} ${more} is refused with the remedy`, async () => {
    assertStringIncludes(
      (await configErrorOf(() => parseConfig(textWith(targets, more), FILE))).message,
      message,
    );
  });
}

Deno.test("diffConfigs: sees another source, and another setting of discovery", async () => {
  const parse = (address: string, interval: string): ReturnType<typeof parseConfig> =>
    parseConfig(
      textWith(`{ address: ${address}, discover: file }`, `discovery: { interval: ${interval} }`),
      FILE,
    );
  const before = await parse("a.json", "1s");
  const [app] = diffConfigs(before, await parse("b.json", "2s")).apps;
  assertEquals(app?.targets.map(({ address, change }) => `${change} ${address}`), [
    "added /etc/tcpproxy/b.json",
    "gone /etc/tcpproxy/a.json",
  ]);
  assertEquals(app?.options.map(({ key }) => key), ["discovery"]);
});
