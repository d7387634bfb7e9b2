import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "../../lib/cli/mod.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const WHOLE = "listen a\n  bind 127.0.0.1:5000\n  server s 10.0.0.1:80\n";
const PART = `${WHOLE}  filter trace\n`;

/** Runs `tcpproxy import` on a text; what it says, and its exit code. */
async function importText(text: string, ...flags: readonly string[]): Promise<CapturedIo & { code: number }> {
  await using folder = new TemporaryFolder();
  const path = await folder.write("proxy.cfg", text);
  const io = new CapturedIo();
  const code = await runCli(["import", path, ...flags], io);
  io.complaints = io.complaints.replaceAll(`${folder.path}/`, "");
  return Object.assign(io, { code });
}

Deno.test("tcpproxy import: prints the config, and what is left out with its place", async () => {
  const { code, printed, complaints } = await importText(PART);
  assertEquals(code, 0);
  assertStringIncludes(printed, 'targets: ["10.0.0.1:80"]');
  assertStringIncludes(complaints, "proxy.cfg:4: left out: filter: ");
  assertStringIncludes(complaints, "proxy.cfg: 1 app; 1 thing left out, 0 notes");
});

Deno.test("tcpproxy import --strict: fails if and only if something was left out", async () => {
  assertEquals((await importText(PART, "--strict")).code, 1);
  assertEquals((await importText(WHOLE, "--strict")).code, 0);
});

Deno.test("tcpproxy import --json: has the config and the notes", async () => {
  const { code, printed } = await importText(PART, "--json");
  assertEquals(code, 0);
  const { format, apps, config, notes } = JSON.parse(printed);
  assertEquals([format, apps, notes[0].line, notes[0].kind], ["haproxy", 1, 4, "left_out"]);
  assertStringIncludes(config, "name: a");
});

Deno.test("tcpproxy import: what comes to no app, or to one that check refuses, is a failure", async () => {
  const none = await importText("global\n  daemon\n");
  assertEquals([none.code, none.printed], [1, ""]);
  assertStringIncludes(none.complaints, "no app could be made of it");
  const twice = await importText(`${WHOLE}${WHOLE.replace("listen a", "listen b")}`);
  assertEquals(twice.code, 1);
  assertStringIncludes(twice.complaints, "the result has to be edited: config.yaml:");
});

Deno.test("tcpproxy import: what cannot be read, or is of nobody, is a mistake", async () => {
  const unknown = await importText("hello\n");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.complaints, "say which it is with --from");
  assertEquals((await importText(WHOLE, "--from", "apache")).code, 2);
  const io = new CapturedIo();
  assertEquals(await runCli(["import", "/nowhere/haproxy.cfg"], io), 2);
  assertStringIncludes(io.complaints, "/nowhere/haproxy.cfg");
});
