/**
 * What operators read when a config is wrong: for each `tests/golden/config/NAME.yaml` the report in `NAME.txt`. A new case
 * is a new file; `deno test -A tests/config/golden_test.ts -- --update` writes the reports, to be read before they are kept.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../../lib/config/mod.ts";
import { configErrorOf } from "../helpers/config_error.ts";

const FOLDER = new URL("../golden/config/", import.meta.url);

for (const { name } of Deno.readDirSync(FOLDER)) {
  if (!name.endsWith(".yaml")) continue;
  const report = new URL(name.replace(/\.yaml$/, ".txt"), FOLDER);
  Deno.test(`parseConfig: ${name} gives its report`, async () => {
    const text = Deno.readTextFileSync(new URL(name, FOLDER));
    const error = await configErrorOf(() => parseConfig(text, { file: name }));
    assert(error.problems.length > 0);
    if (Deno.args.includes("--update")) Deno.writeTextFileSync(report, `${error.message}\n`);
    assertEquals(`${error.message}\n`, Deno.readTextFileSync(report));
  });
}
