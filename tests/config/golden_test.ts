/**
 * What operators read when a config is wrong, or has something without effect: for each `tests/golden/config/NAME.yaml` the
 * report in `NAME.txt`. A new case is a new file; `deno test -A tests/config/golden_test.ts -- --update` writes the reports,
 * to be read before they are kept.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ConfigDocument, ConfigError, parseConfig } from "../../lib/config/mod.ts";
import { configErrorOf } from "../helpers/config/config_error.ts";

const FOLDER = new URL("../golden/config/", import.meta.url);

for (const { name } of Deno.readDirSync(FOLDER)) {
  if (!name.endsWith(".yaml")) continue;
  const report = new URL(name.replace(/\.yaml$/, ".txt"), FOLDER);
  Deno.test(`parseConfig: ${name} gives its report`, async () => {
    const error = name.startsWith("warnings") ? await warningsOf(name) : await errorOf(name);
    assert(error.problems.length > 0);
    if (Deno.args.includes("--update")) Deno.writeTextFileSync(report, `${error.message}\n`);
    assertEquals(`${error.message}\n`, Deno.readTextFileSync(report));
  });
}

async function errorOf(name: string): Promise<ConfigError> {
  const text = Deno.readTextFileSync(new URL(name, FOLDER));
  return await configErrorOf(() => parseConfig(text, { file: name }));
}

async function warningsOf(name: string): Promise<ConfigError> {
  const path = fileURLToPath(new URL(name, FOLDER));
  const document = await ConfigDocument.load(path);
  const error = document.errorFor(document.warnings());
  return new ConfigError(error.message.replaceAll(path, name), error.problems);
}
