import { ConfigError, effectiveConfig, type Environment, parseConfig } from "../../../lib/config/mod.ts";
import { escapeAllReferences } from "../../../lib/config/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import type { Draw } from "../engine/draw.ts";
import { type FuzzTarget, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { CONFIG_WORDS, configText } from "../grammar/config_text.ts";

const VARIABLES: Readonly<Record<string, string>> = {
  PORT: "7001",
  HOST: "127.0.0.1",
  EMPTY: "",
  LONG: "x".repeat(5000),
  YAML: "a: [b]\n- c",
};

const ENVIRONMENT: Environment = {
  read: (name) => {
    if (name === "SECRET") return "denied";
    return Object.hasOwn(VARIABLES, name) ? { value: VARIABLES[name] ?? "" } : "unset";
  },
};

const OPTIONS = { file: "f.yaml", baseDirectory: ".", environment: ENVIRONMENT } as const;

export const CONFIG: FuzzTarget = pureTarget({
  name: "config",
  what: "the text of a config",
  // Each takes as long as ten of the others.
  testRun: 3_000,
  dictionary: CONFIG_WORDS,
  make: (draw: Draw) => utf8(configText(draw)),
  check,
});

async function check(input: Uint8Array): Promise<void> {
  // A file that is no UTF-8 is refused before; and what it includes would be read from this machine.
  const text = new TextDecoder().decode(input).replaceAll("include", "exclude");
  try {
    const config = await parseConfig(text, OPTIONS);
    await checkEffective(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    checkReport(error, text);
  }
}

/** What `tcpproxy config` prints is a config that means the same. */
async function checkEffective(config: Awaited<ReturnType<typeof parseConfig>>): Promise<void> {
  const printed = effectiveConfig(config);
  const again = await parseConfig(JSON.stringify(escapeAllReferences(printed)), OPTIONS);
  same(effectiveConfig(again), printed, "the effective config means the same");
}

/** Every problem has words and, where it has a line, one that is in the text. */
function checkReport({ message, problems }: ConfigError, text: string): void {
  holds(
    problems.length > 0 && message.startsWith("f.yaml"),
    () => `the report is ${JSON.stringify(message)}`,
  );
  const lines = text.split(/\r\n|\n|\r/);
  for (const { message: words, line, column, path } of problems) {
    holds(
      words !== "" && !/undefined|\[object/.test(words.replace(/"[^]*"/, "")),
      () => `a problem says "${words}"`,
    );
    if (line === undefined || column === undefined) {
      holds(path.length === 0 || text.trim() === "", () => `no place for ${JSON.stringify(path)}: ${words}`);
      continue;
    }
    const width = lines[line - 1]?.length ?? -1;
    holds(
      width >= 0 && column >= 1 && column <= width + 1,
      () => `${line}:${column} is outside the text: ${words}`,
    );
    holds(
      message.includes(`f.yaml:${line}:${column}: `) || problems.length > 50,
      () => `the report lacks ${line}:${column}`,
    );
  }
  const shown = message.replaceAll("\n", "");
  holds(!/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|\u202e/u.test(shown), () => "the report has a control character");
}
