import { assertEquals, assertStringIncludes } from "@std/assert";
import { ConfigDocument, type Path } from "../../lib/config/mod.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { hasTool } from "../helpers/programs/tools.ts";

const TEXT = `defaults:
  tls: &tls
    certificates: [{ cert: a.pem, key: a.key }]
apps:
  - name: one
    ports: [7001]
    targets: ["h:1"]
  - name: two
    ports: [7002]
    targets: ["h:1"]
    tls:
      certificates: [{ cert: b.pem, key: b.key }]
  - name: three
    ports: [7003]
    targets: ["h:1"]
`;

/** Where problems at these paths are reported, and the paths that the report names. */
async function placesOf(text: string, ...paths: Path[]): Promise<(string | undefined)[]> {
  await using folder = new TemporaryFolder();
  const file = await folder.write("c.yaml", text);
  const document = await ConfigDocument.load(file);
  const { message } = document.errorFor(paths.map((path) => ({ path, message: "bad" })));
  return message.split("\n").filter((line) => line.startsWith(file)).map((line) =>
    line.slice(file.length + 1)
  );
}

const cert = (app: number): Path => ["apps", app, "tls", "certificates", 0, "cert"];

Deno.test("ConfigDocument.errorFor: a problem has the place of its value, with the line shown", async () => {
  assertEquals(await placesOf(TEXT, cert(1)), ["12:30: apps[1].tls.certificates[0].cert: bad"]);
});

Deno.test("ConfigDocument.errorFor: what an app has from defaults is shown there, and once", async () => {
  assertEquals(await placesOf(TEXT, cert(2), cert(1), cert(0)), [
    "3:28: defaults.tls.certificates[0].cert: bad",
    "12:30: apps[1].tls.certificates[0].cert: bad",
  ]);
});

Deno.test("ConfigDocument.errorFor: an alias and a merge key lead to what they stand for", async () => {
  const aliased = TEXT.replace("name: three", "name: three\n    tls: *tls");
  assertEquals(await placesOf(aliased, cert(2)), ["3:28: apps[2].tls.certificates[0].cert: bad"]);
  const merged = TEXT.replace("- name: one", "- &one\n    name: one\n    idle_timeout: 5s")
    .replace("name: three", "<<: *one\n    name: three");
  assertEquals(await placesOf(merged, ["apps", 2, "idle_timeout"]), ["7:19: apps[2].idle_timeout: bad"]);
});

Deno.test("ConfigDocument.errorFor: a byte order mark moves no place", async () => {
  assertEquals(await placesOf(`\uFEFF${TEXT}`, cert(1)), ["12:30: apps[1].tls.certificates[0].cert: bad"]);
});

Deno.test("ConfigDocument.embedded: is the shipped config, and reports under its name", async () => {
  const document = await ConfigDocument.embedded();
  const { message } = document.errorFor([{ path: ["apps", 0, "name"], message: "bad" }]);
  assertStringIncludes(message, "config.yaml:");
  assertEquals(document.config.apps[0]?.name, "five-thousand");
});

Deno.test("ConfigDocument.isSteady: a file can be read again, what is no file or is read only once cannot", async () => {
  await using folder = new TemporaryFolder();
  assertEquals((await ConfigDocument.load(await folder.write("c.yaml", TEXT))).isSteady, true);
  assertEquals((await ConfigDocument.embedded()).isSteady, false);
  if (!hasTool("mkfifo")) return;
  const file = folder.file("pipe");
  await new Deno.Command("mkfifo", { args: [file] }).output();
  const [document] = await Promise.all([ConfigDocument.load(file), Deno.writeTextFile(file, TEXT)]);
  assertEquals(document.isSteady, false);
});
