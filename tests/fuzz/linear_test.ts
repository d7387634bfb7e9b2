import { assert } from "@std/assert";
import { concat, utf8 } from "../helpers/bytes.ts";
import { Coverage, stepsOf } from "./engine/coverage.ts";

/** The code whose steps are counted: the program's, and the YAML parser's. */
const CODE = /^file:.*(?:\/lib\/|js-yaml)/;

/**
 * How much more twice the input may take: the double, and a little for steps that come with powers of two. What is quadratic
 * takes four times as much.
 */
const MAX_GROWTH = 2.4;

/** An input of a length, and what is done with it. */
interface Family {
  readonly name: string;
  readonly length: number;
  /** Imports the code, which must be loaded after counting has begun, and returns the function to count. */
  load(): Promise<(length: number) => unknown>;
}

const repeated = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length));

/** A config whose text is made for a length. */
function config(name: string, text: (length: number) => string, length = 2000): Family {
  return {
    name: `a config of ${name}`,
    length,
    load: async () => {
      const { ConfigError, parseConfig } = await import("../../lib/config/mod.ts");
      return async (length) => {
        try {
          await parseConfig(text(length), { file: "f.yaml", environment: { read: () => "unset" } });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      };
    },
  };
}

const APP = (index: number): string =>
  `  - { name: a${index}, ports: [${1000 + index}], targets: [10.0.0.1:80] }\n`;

const FAMILIES: readonly Family[] = [
  {
    name: "fields of a binary PROXY header",
    length: 1500,
    load: async () => {
      const { parseProxyHeader } = await import("../../lib/protocol/mod.ts");
      const { buildProxyV2, IPV4_BLOCK, tlv } = await import("../helpers/protocol/proxy_v2.ts");
      return (length) => {
        const fields = Array.from({ length: length / 5 }, () => tlv(0xe0, "xx"));
        return parseProxyHeader(buildProxyV2({ block: concat(IPV4_BLOCK, ...fields) }));
      };
    },
  },
  {
    name: "a ClientHello in records of one byte, seen byte by byte",
    length: 1500,
    load: async () => {
      const { ClientHelloParser } = await import("../../lib/protocol/mod.ts");
      const { buildHelloMessage, buildRecords, extension } = await import("../helpers/tls/client_hello.ts");
      return (length) => {
        const extensions = [extension(21, new Uint8Array(length))];
        const bytes = buildRecords(buildHelloMessage({ extensions }), { sizes: [1] });
        const parser = new ClientHelloParser();
        for (let end = 1; end <= bytes.length; end++) parser.parse(bytes.subarray(0, end));
      };
    },
  },
  {
    name: "an HTTP answer of one line, byte by byte",
    length: 4000,
    load: async () => {
      const { HttpAnswer, parseStatus } = await import("../../lib/pool/checks/http_check.ts");
      return (length) => {
        const answer = new HttpAnswer(parseStatus("200"));
        for (const byte of utf8(`HTTP/1.1 200 ${repeated("x", length)}`)) answer.feed(Uint8Array.of(byte));
      };
    },
  },
  {
    name: "an answer to a regular expression that backtracks elsewhere",
    length: 4000,
    load: async () => {
      const { Steps } = await import("../../lib/pool/checks/steps.ts");
      const { parseExpect } = await import("../../lib/pool/checks/expectation.ts");
      return (length) => {
        const steps = new Steps([{ expect: parseExpect("/^(a+)+$|(a|aa)+b|(.*)*c/") }]);
        steps.begin();
        return steps.feed(utf8(repeated("a", length)));
      };
    },
  },
  config("apps", (length) => `apps:\n${Array.from({ length: length / 60 }, (_, at) => APP(at)).join("")}`),
  config(
    "unknown keys",
    (length) => `apps: []\n${Array.from({ length: length / 8 }, (_, at) => `k${at}: 1\n`).join("")}`,
  ),
  config("open brackets", (length) => `apps: ${repeated("[", length)}`),
  config("open quotes", (length) => `apps: ${repeated('"a ', length)}`),
  config("apostrophes", (length) => `apps: ${repeated("a'b ", length)}: [`),
  config("one long word", (length) => `apps: [${repeated("x", length)}, {`),
  config("references", (length) => `apps: "${repeated("${A:-b}", length)}"`),
  config("half references", (length) => `apps: "${repeated("${", length)}"`),
  config("dollars", (length) => `apps: "${repeated("$", length)}{"`),
  config("aliases", (length) => `a: &a x\napps: [${repeated("*a, ", length)}]`),
  config(
    "anchors",
    (length) => `apps: [${Array.from({ length: length / 8 }, (_, at) => `&a${at} x`).join(", ")}]`,
  ),
  config(
    "unknown aliases",
    (length) => `apps: [${Array.from({ length: length / 8 }, (_, at) => `*a${at}`).join(", ")}]`,
  ),
  config("closing brackets on lines of their own", (length) => `apps:\n${repeated("  - [\n  ]\n", length)}`),
  config("tabs", (length) => `apps:\n${repeated("\t- a\n", length)}`),
  config("duplicate keys", (length) => `apps: []\n${repeated("a: 1\n", length)}`),
  config("merge keys", (length) => `x-a: &a { b: 1 }\napps:\n${repeated("  - <<: *a\n", length)}`),
  config("block scalars", (length) => `apps:\n${repeated("  - |\n   a\n", length)}`),
  config("empty keys", (length) => `apps: []\n${repeated(": 1\n", length)}`),
  config("empty items", (length) => `apps:\n${repeated("  -\n", length)}`),
  config("comments", (length) => `${repeated("# a\n", length)}apps: [`),
  config("documents", (length) => `apps: []\n${repeated("---\na: b\n", length)}`),
];

Deno.test("fuzz: twice the input takes twice the steps, not the square", async () => {
  const coverage = await Coverage.start();
  try {
    const wrong: string[] = [];
    for (const { name, length, load } of FAMILIES) {
      const run = await load();
      const steps = async (size: number): Promise<number> => {
        await run(size);
        await coverage.take(CODE);
        await run(size);
        return stepsOf(await coverage.take(CODE));
      };
      const [one, two] = [await steps(length), await steps(2 * length)];
      assert(one > length / 20, `${name}: ${one} steps are counted for ${length} bytes`);
      if (two / one > MAX_GROWTH) wrong.push(`${name}: ${one}, then ${two} steps`);
    }
    assert(wrong.length === 0, wrong.join("\n"));
  } finally {
    await coverage.stop();
  }
});
