import { assertEquals } from "@std/assert";
import { runCli } from "../../../lib/cli/mod.ts";
import { COMMANDS } from "../../../lib/cli/commands/mod.ts";
import { expectedWord } from "../../../lib/cli/completion/completion_words.ts";
import type { Command } from "../../../lib/cli/command.ts";
import { QuietProxy, TOKEN, withAdmin } from "../../helpers/proxy/admin.ts";
import { CapturedIo } from "../../helpers/fakes/captured_io.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

/** A command with all that the words of a running proxy may be. */
const SET: Command = {
  name: "set",
  summary: "",
  usage: "",
  arity: [2, 3],
  dynamic: ["app", "target"],
  choices: ["on", "off"],
  flags: [
    { name: "url", value: "URL", summary: "" },
    { name: "app", short: "a", value: "APP", summary: "", dynamic: "app" },
    { name: "way", value: "WAY", summary: "", choices: ["up", "down"] },
    { name: "yes", short: "y", summary: "" },
  ],
  example: "",
  run: () => Promise.resolve(0),
};
const END: Command = { ...SET, name: "end", arity: [0, Infinity], dynamic: ["session"] };

/** What the last word may be, in short. */
function expected(...words: string[]): string {
  const found = expectedWord([SET, { ...END, flags: SET.flags }], words);
  if (found === undefined) return "";
  const { dynamic, choices, app } = found;
  return [dynamic ?? choices.join("|"), ...(app === undefined ? [] : [`of ${app}`])].join(" ");
}

Deno.test("expectedWord: knows words by their place, and values by their flags", () => {
  assertEquals(expected("set", ""), "app");
  assertEquals(expected("set", "we"), "app");
  assertEquals(expected("set", "web", ""), "target of web");
  assertEquals(expected("set", "--yes", "--url", "http://x", "web", "10"), "target of web");
  assertEquals(expected("set", "web", "t", ""), "on|off of web");
  assertEquals(expected("set", "web", "t", "on", ""), " of web");
  assertEquals(expected("set", "--way", ""), "up|down");
  assertEquals(expected("set", "--way=d"), "up|down");
  assertEquals(expected("set", "-a", ""), "app");
  assertEquals(expected("set", "--app=w"), "app");
  assertEquals(expected("end", "-a", "web", "1", ""), "on|off of web");
  assertEquals(expected("set", "--url", ""), "");
  assertEquals(expected("set", "--"), "");
  assertEquals(expected("set"), "");
  assertEquals(expected("none", ""), "");
});

Deno.test("__complete: of commands that take any number of names, each may be one", () => {
  assertEquals(expectedWord(COMMANDS, ["status", "web", ""])?.dynamic, "app");
});

async function complete(...words: string[]): Promise<{ code: number; names: string[]; complaints: string }> {
  const io = new CapturedIo();
  const code = await runCli(["__complete", "--", ...words], io);
  return { code, names: io.printed.split("\n").filter((line) => line !== ""), complaints: io.complaints };
}

const APPS = [
  { name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80"] },
  { name: "another-name", listen: ["127.0.0.1:7002"], targets: ["10.0.0.2:25"] },
];

Deno.test("__complete: gives the names of the proxy that the words mean", async () => {
  await using folder = new TemporaryFolder();
  await folder.write("admin.token", TOKEN);
  await withAdmin({ proxy: new QuietProxy(APPS), token: TOKEN }, async ({ port, url }) => {
    const all = ["web", "another-name"];
    const token = folder.file("admin.token");
    assertEquals((await complete("status", "--url", url.href, "--token-file", token, "")).names, all);
    const admin = { listen: `127.0.0.1:${port}`, ["token_file"]: "admin.token" };
    const path = await folder.config({ admin, apps: APPS });
    assertEquals((await complete("status", `--config=${path}`, "")).names, all);
  });
});

Deno.test("__complete: gives the words of a fixed set without asking anybody", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  assertEquals((await complete("top", "--url", url, "--view", "")).names, ["apps", "targets", "sessions"]);
});

Deno.test("__complete: is silent and ends with 0 where there is no proxy, no token, no config, no command", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  await withAdmin({ proxy: new QuietProxy(APPS), token: TOKEN }, async (admin) => {
    for (
      const words of [
        ["status", "--url", url, ""],
        ["status", "--url", admin.url.href, ""],
        ["status", "--url", "nonsense", ""],
        ["status", "--token-file", "/none", "--url", admin.url.href, ""],
        ["status", "-c", "/none", ""],
        ["none", ""],
        [],
      ]
    ) {
      assertEquals(await complete(...words), { code: 0, names: [], complaints: "" }, words.join(" "));
    }
  });
});
