/**
 * What `tcpproxy import` makes of configs as they are in the field: for each `tests/golden/import/NAME.cfg` (HAProxy) or
 * `.conf` (nginx) what it prints, in `NAME.txt`. A new case is a new file;
 * `deno test -A tests/import/golden_test.ts -- --update` writes the results, to be read before they are kept.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runCli } from "../../lib/cli/mod.ts";
import { detectFormat } from "../../lib/import/mod.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";

const FOLDER = new URL("../golden/import/", import.meta.url);
const NAMES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => !name.endsWith(".txt"));

for (const name of NAMES) {
  Deno.test(`tcpproxy import: ${name} gives a config that check accepts, and names the rest`, async () => {
    const path = fileURLToPath(new URL(name, FOLDER));
    const io = new CapturedIo();
    const code = await runCli(["import", path], io);
    const result = `${io.printed}--- stderr\n${io.complaints.replaceAll(path, name)}`;
    const golden = new URL(`${name}.txt`, FOLDER);
    if (Deno.args.includes("--update")) Deno.writeTextFileSync(golden, result);
    assertEquals(result, Deno.readTextFileSync(golden));
    assertEquals(code, 0);
  });

  Deno.test(`detectFormat: ${name} is recognized`, () => {
    const text = Deno.readTextFileSync(new URL(name, FOLDER));
    assertEquals(detectFormat(text), name.startsWith("haproxy") ? "haproxy" : "nginx");
  });
}
