import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { stringify } from "@std/yaml/stringify";
import { escapeReferences, substitute } from "../../lib/config/environment/references.ts";
import { type Environment, escapeAllReferences, parseConfig } from "../../lib/config/mod.ts";
import { configErrorOf } from "../helpers/config/config_error.ts";

/** An environment of these variables; of one that is `null` the runtime does not allow reading. */
function environmentOf(variables: Readonly<Record<string, string | null>>): Environment {
  return {
    read: (name) => {
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
      return value === undefined ? "unset" : value === null ? "denied" : { value };
    },
  };
}

const HOME = { HOST: "10.0.0.5", PORT: "5432", EMPTY: "", ODD: "${PORT}: [x]\n- y # $$", _a1: "b" };

function replaced(scalar: string): string {
  const { text, faults } = substitute(scalar, environmentOf(HOME), 1000);
  assertEquals(faults, [], scalar);
  return text;
}

for (
  const [scalar, text] of [
    ["${HOST}:${PORT}", "10.0.0.5:5432"],
    ["${_a1}", "b"],
    ["${NONE:-db:1}", "db:1"],
    ["${NONE:-}", ""],
    ["${EMPTY}", ""],
    ["${EMPTY:-x}", "x"],
    ["${HOST:-x}", "10.0.0.5"],
    ["${NONE:-a:-b$c}", "a:-b$c"],
    // Data, which is not read again.
    ["<${ODD}>", "<${PORT}: [x]\n- y # $$>"],
    ["$${HOST}", "${HOST}"],
    ["$$${HOST}", "$10.0.0.5"],
    ["$$$${HOST}", "$${HOST}"],
    ["a$${", "a${"],
    ["/^ok$/", "/^ok$/"],
    ["/^\\$\\d+ ($|x)$$/", "/^\\$\\d+ ($|x)$$/"],
    ["$HOST $ {HOST} $", "$HOST $ {HOST} $"],
  ] as const
) {
  Deno.test(`substitute: ${JSON.stringify(scalar)} is ${JSON.stringify(text)}`, () => {
    assertEquals(replaced(scalar), text);
  });
}

for (
  const [scalar, message] of [
    ["${NONE}", 'the environment variable "NONE" is not set; set it, or give a default: "${NONE:-…}"'],
    ["${DENIED}", "run with --allow-env=DENIED"],
    ["${DENIED:-x}", "run with --allow-env=DENIED"],
    ["a ${HOST", '"${HOST" is not a reference to a variable; expected "${NAME}" or "${NAME:-default}"'],
    ["${1}", '"${1}" is not a reference'],
    ["${}", '"${}" is not a reference'],
    ["${HOST-x}", "is not a reference"],
    ["${HOST:?x}", "is not a reference"],
    ["${HOST:-${PORT}}", "has a reference in its default"],
  ] as const
) {
  Deno.test(`substitute: ${JSON.stringify(scalar)} is a fault, and leaves the scalar`, () => {
    const { text, faults } = substitute(scalar, environmentOf({ ...HOME, DENIED: null }), 1000);
    assertStringIncludes(faults[0]?.message ?? "", message);
    assertEquals(text, scalar);
  });
}

const names = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/);
const values = fc.oneof(fc.string(), fc.constantFrom("${A}", "$${A}", "$", "{", "}", "\n- x: y", "#", "'\""));

Deno.test("substitute: what has no dollar before a brace stays as it is", () => {
  fc.assert(fc.property(fc.string().filter((text) => !text.includes("${")), (text) => {
    assertEquals(substitute(text, environmentOf({}), Infinity), { text, names: [], faults: [] });
  }));
});

Deno.test("substitute: an escaped text is itself again, between references that are their values", () => {
  const piece = fc.oneof(
    fc.record({ literal: values.filter((text) => !text.endsWith("$")) }),
    fc.record({ name: names, value: values.filter((text) => text !== "") }),
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const variables: Record<string, string> = Object.create(null);
    for (const each of pieces) if ("name" in each) variables[each.name] = each.value;
    const scalar = pieces.map((each) => "name" in each ? `\${${each.name}}` : escapeReferences(each.literal));
    const expected = pieces.map((each) => "name" in each ? variables[each.name] : each.literal);
    const { text, faults } = substitute(scalar.join(""), environmentOf(variables), Infinity);
    assertEquals([text, faults], [expected.join(""), []]);
  }));
});

Deno.test("substitute: any text has a value or a fault, and no text takes long", () => {
  const any = fc.array(fc.constantFrom("$", "{", "}", "A", ":", "-", ":-", "${", "${A", "${A:-")).map((all) =>
    all.join("")
  );
  fc.assert(fc.property(any, (scalar) => {
    const { text, faults } = substitute(scalar, environmentOf({ A: "1" }), Infinity);
    if (faults.length > 0) return assertEquals(text, scalar);
    assertEquals(substitute(escapeReferences(text), environmentOf({}), Infinity).text, text);
  }));
  assertEquals(substitute("${A:-".repeat(100_000), environmentOf({}), 1000).faults.length, 1);
});

Deno.test("substitute: values are bounded", () => {
  const environment = environmentOf({ A: "x".repeat(1000) });
  const { faults } = substitute("${A}".repeat(100_000), environment, 5000);
  assertStringIncludes(faults[0]?.message ?? "", "more than 5000 characters");
  assertEquals(faults.length, 1);
});

async function parse(text: string, variables: Record<string, string | null>): ReturnType<typeof parseConfig> {
  return await parseConfig(text, { file: "c", environment: environmentOf(variables) });
}

const APP = `apps:
  - name: \${NAME}
    ports: [\"\${PORT}\", 81]
    targets: ['\${HOST:-h}:1', { address: "h:2", weight: "\${WEIGHT}", backup: "\${BACKUP}" }]
    max_connections: \${MOST}
    keepalive: \${ALIVE}
    idle_timeout: \${IDLE}
    health_check: { expect: /^ok$/ }
workers: \${WORKERS}
log:
  access: \${ACCESS}
`;

const GOOD = {
  NAME: "123",
  PORT: "8080-8081",
  WEIGHT: "3",
  BACKUP: "true",
  MOST: "off",
  ALIVE: "false",
  IDLE: "5m",
  WORKERS: "auto",
  ACCESS: "false",
};

Deno.test("parseConfig: a variable is a number, a boolean or a text, as its key expects", async () => {
  const { apps: [app], workers, log } = await parse(APP.replace("8", "9"), { ...GOOD, PORT: "8080" });
  assertEquals(app?.name, "123");
  assertEquals(app?.ports, [8080, 91]);
  assertEquals(app?.targets.map(({ label }) => label), ["h:1", "h:2"]);
  assertEquals([app?.targets[1]?.weight, app?.targets[1]?.backup], [3, true]);
  assertEquals([app?.maxConnections, app?.keepalive, app?.idleTimeoutMs], [Infinity, false, 300_000]);
  assertEquals([workers, log.access, app?.healthCheck?.expect], ["auto", false, "/^ok$/"]);
  const other = await parse(APP, { ...GOOD, PORT: "80", MOST: "7", WORKERS: "2", ACCESS: "a.log" });
  assertEquals([other.apps[0]?.maxConnections, other.workers, other.log.access], [7, 2, "a.log"]);
});

Deno.test("parseConfig: what a variable lacks is shown at the reference, once, beside all other problems", async () => {
  const { HOST, ...others } = { ...GOOD, HOST: null };
  const { message } = await configErrorOf(() =>
    parse(APP.replace("idle_timeout", "idle_timeut"), {
      ...others,
      HOST,
      PORT: "70000",
      WEIGHT: "0x",
      MOST: "012",
    })
  );
  const lines = message.split("\n").filter((line) => line.startsWith("c:"));
  assertEquals(lines.map((line) => line.slice(0, line.indexOf(";")).replace(/ expected.*/, "")), [
    "c:3:13: apps[0].ports[0]: the port is 70000",
    'c:4:16: apps[0].targets[0]: the runtime does not allow reading the environment variable "HOST"',
    'c:4:57: apps[0].targets[1].weight: the value is "0x"',
    'c:5:22: apps[0].max_connections: the value is "012"',
    "c:7:5: apps[0].idle_timeut: unknown key",
  ]);
});

Deno.test("parseConfig: a variable behind an alias and a merge key is typed by the key that uses it", async () => {
  const text = `x-a: &n \${N}
x-b: &b { weight: *n }
apps: [{ name: *n, ports: [*n], targets: [{ <<: *b, address: "h:1" }] }]
`;
  const { apps: [app] } = await parse(text, { N: "12" });
  assertEquals([app?.name, app?.ports, app?.targets[0]?.weight], ["12", [12], 12]);
  const { message } = await configErrorOf(() => parse(text, {}));
  assertEquals(message.split("\n").filter((line) => line.startsWith("c:")), [
    'c:1:9: x-a: the environment variable "N" is not set; set it, or give a default: "${N:-…}"',
  ]);
});

Deno.test("parseConfig: a variable is data, whatever it looks like, and makes no structure", async () => {
  await fc.assert(fc.asyncProperty(values, async (value) => {
    const text = `apps: [{ name: a, ports: [1], targets: ["h:1"], health_check: { http: { path: "/x" }, ` +
      `port: 1 }, proxy_protocol: { send: v2, tlvs: { add: [{ type: 0xE0, value: "<\${V}>" }] } } }]`;
    const written = `<${value}>`;
    const read = async (run: () => ReturnType<typeof parseConfig>): Promise<unknown> => {
      try {
        return (await run()).apps[0]?.proxyProtocol.tlvs.add;
      } catch (error) {
        return error instanceof Error ? error.message.split("\n")[0]?.replace(/^c:[\d:]+/, "") : error;
      }
    };
    const plain = text.replace('"<${V}>"', () => JSON.stringify(escapeReferences(written)));
    assertEquals(await read(() => parse(text, { V: value })), await read(() => parse(plain, {})));
  }));
});

Deno.test("parseConfig: keys are not replaced, and a reference within brackets needs quotes", async () => {
  const key = await configErrorOf(() => parse(`"\${NAME}": 1\napps: []`, { NAME: "log" }));
  assertStringIncludes(key.message, "unknown key");
  const bare = await configErrorOf(() => parse("apps: [{ name: ${NAME}, ports: [1] }]", { NAME: "a" }));
  assertStringIncludes(
    bare.message,
    'c:1:16: ${NAME}: a reference to a variable within brackets needs quotes; write "${NAME}"',
  );
});

Deno.test("parseConfig: places stay right behind long values, in every kind of scalar", async () => {
  const text =
    `x-a: "\${LONG}"\nx-b: |\n  \${LONG}\n  \${LONG}\nx-c: >-\n  a \${LONG}\n  b\napps:\n  - nam: \${LONG}\n`;
  const { message } = await configErrorOf(() => parse(text, { LONG: "x\n".repeat(500) }));
  assertStringIncludes(message, "c:9:5: apps[0].nam: unknown key");
});

Deno.test("escapeAllReferences: a value that is written and read again is the same", async () => {
  await fc.assert(fc.asyncProperty(values.filter((text) => !text.includes("\0")), async (value) => {
    const access = `./${value.replace(/[^ -~]/g, "")}`;
    const config = { log: { access }, apps: [{ name: "a", ports: [1], targets: ["h:1"] }] };
    const { log } = await parse(stringify(escapeAllReferences(config) as Record<string, unknown>), {});
    assertEquals(log.access, (await parse(JSON.stringify(escapeAllReferences(config)), {})).log.access);
    assert(String(log.access).length <= access.length);
  }));
});
