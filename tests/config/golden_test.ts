/**
 * What operators read when a config is wrong, or has something without effect: for each `tests/golden/config/TOPIC/NAME.yaml`
 * the report in `NAME.txt`. A new case is a new file; `deno test -A tests/config/golden_test.ts -- --update` writes the reports,
 * to be read before they are kept.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ConfigDocument, ConfigError, parseConfig } from "../../lib/config/mod.ts";
import { configErrorOf } from "../helpers/config/config_error.ts";

const FOLDER = new URL("../golden/config/", import.meta.url);

for (const { name: topic } of Deno.readDirSync(FOLDER)) {
  const folder = new URL(`${topic}/`, FOLDER);
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.endsWith(".yaml")) testReport(folder, name);
  }
}

function testReport(folder: URL, name: string): void {
  const config = new URL(name, folder);
  const report = new URL(name.replace(/\.yaml$/, ".txt"), folder);
  Deno.test(`parseConfig: ${name} gives its report`, async () => {
    const error = name.startsWith("warnings") ? await warningsOf(config, name) : await errorOf(config, name);
    assert(error.problems.length > 0);
    if (Deno.args.includes("--update")) Deno.writeTextFileSync(report, `${error.message}\n`);
    assertEquals(`${error.message}\n`, Deno.readTextFileSync(report));
  });
}

async function errorOf(config: URL, name: string): Promise<ConfigError> {
  const text = Deno.readTextFileSync(config);
  return await configErrorOf(() => parseConfig(text, { file: name }));
}

async function warningsOf(config: URL, name: string): Promise<ConfigError> {
  const path = fileURLToPath(config);
  const document = await ConfigDocument.load(path);
  const error = document.errorFor(document.warnings());
  return new ConfigError(error.message.replaceAll(path, name), error.problems);
}
