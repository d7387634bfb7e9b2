import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { runCli } from "../../lib/cli/mod.ts";
import { effectiveConfig, loadConfig, parseConfig } from "../../lib/config/mod.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const GOOD = { apps: [{ name: "a", ports: [7001], targets: ["10.0.0.1:80"] }] };

Deno.test("check: prints the effective config as YAML, which is again a config", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.config(GOOD);
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-c", path], io), 0);
  assertEquals(parse(io.printed), effectiveConfig(await loadConfig(path)));
  const again = await folder.write("again.yaml", io.printed);
  assertEquals(await runCli(["check", "-q", "-c", again], io), 0);
});

Deno.test("check: --json prints the same as JSON, --quiet nothing", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.config(GOOD);
  const [json, quiet] = [new CapturedIo(), new CapturedIo()];
  assertEquals(await runCli(["check", "--json", "--config", path], json), 0);
  assertEquals(JSON.parse(json.printed), effectiveConfig(await loadConfig(path)));
  assertEquals(await runCli(["check", "--quiet", "-c", path], quiet), 0);
  assertEquals(quiet.printed, "");
});

Deno.test("check: a config with problems is reported whole and ends with 2", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write("bad.yaml", "apps:\n  - name: a\n    prots: [1]\n    targets: [x]\n");
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-c", path], io), 2);
  assertStringIncludes(io.complaints, `${path}:3:5: `);
  assertStringIncludes(io.complaints, 'did you mean "ports"?');
  assertStringIncludes(io.complaints, `\n${path}:4:`);
  assertEquals(io.printed, "");
});

Deno.test("check: a file that is missing is said and ends with 2", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-c", "/nowhere/at/all.yaml"], io), 2);
  assertStringIncludes(io.complaints, "tcpproxy: /nowhere/at/all.yaml: ");
});

Deno.test("init: writes a config that passes check, and nothing over a file that is there", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.file("new.yaml");
  const io = new CapturedIo();
  assertEquals(await runCli(["init", path], io), 0);
  assertStringIncludes(io.printed, path);
  assertEquals(await runCli(["check", "-q", "-c", path], io), 0);
  assertEquals(io.complaints, "");

  await Deno.writeTextFile(path, "mine");
  assertEquals(await runCli(["init", path], io), 2);
  assertStringIncludes(io.complaints, `"${path}" already exists; give another name, or "--force"`);
  assertEquals(await Deno.readTextFile(path), "mine");

  assertEquals(await runCli(["init", path, "--force"], io), 0);
  assertMatch(await Deno.readTextFile(path), /^# A config for tcpproxy/);
});

Deno.test("init: what its template shows in comments is a config too", async () => {
  await using folder = new TemporaryFolder();
  const path = folder.file("new.yaml");
  assertEquals(await runCli(["init", path], new CapturedIo()), 0);
  const lines = (await Deno.readTextFile(path)).split("\n");
  // A comment that is indented like YAML below it, or begins a key: everything but sentences.
  const opened = lines.map((line) => line.replace(/^(\s*)# (?=(\s*- |\s+|\w+:))/, "$1"));
  assert(opened.some((line) => line.startsWith("defaults:")), "no defaults in the template");
  const all = await folder.write("all.yaml", opened.join("\n"));
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-q", "-c", all], io), 0, io.complaints);
});

Deno.test("init: - is standard output, and no file is written", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["init", "-"], io), 0);
  assertStringIncludes(io.printed, "apps:\n");
  await parseConfig(io.printed, { file: "-" });
  await assertRejects(() => Deno.stat("./-"), Deno.errors.NotFound);
});

Deno.test("check: every line of a report begins with its place, the first too", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write(
    "c.yaml",
    "apps:\n  - name: a\n    ports: [0]\n    targets: [h]\n    x: 1\n",
  );
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-c", path], io), 2);
  const heads = io.complaints.trimEnd().split("\n").filter((line) => !/^ +(?:\d+ )?\|/.test(line));
  assertEquals(heads.map((line) => line.startsWith(`${path}:`)), [true, true, true], io.complaints);
});

Deno.test("init: a folder that does not exist is said and ends with 1", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["init", "/nowhere/at/all/c.yaml"], io), 1);
  assertMatch(io.complaints, /^tcpproxy: write the config: "\/nowhere\/at\/all\/c.yaml" cannot be written/);
});

Deno.test("schema: prints a JSON Schema of the config", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["schema"], io), 0);
  const schema = JSON.parse(io.printed);
  assertEquals(schema.type, "object");
  assertEquals(schema.properties.apps.type, "array");
});

Deno.test("permissions: prints one line of flags, or lists with --json", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.config(GOOD);
  const [line, json] = [new CapturedIo(), new CapturedIo()];
  assertEquals(await runCli(["permissions", "-c", path], line), 0);
  assertEquals(line.printed, `--allow-net=[::]:7001,10.0.0.1:80 --allow-read=${path}\n`);
  assertEquals(await runCli(["permissions", "--json", "-c", path], json), 0);
  assertEquals(JSON.parse(json.printed), {
    net: ["[::]:7001", "10.0.0.1:80"],
    read: [path],
    write: [],
    env: [],
    ffi: false,
  });
});

Deno.test("version: --json names the runtime and the platform, and says that a run from source is no build", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["version", "--json"], io), 0);
  const { deno, target, commit, development } = JSON.parse(io.printed);
  assertEquals({ deno, target, commit, development }, {
    deno: Deno.version.deno,
    target: Deno.build.target,
    commit: null,
    development: true,
  });
});
