import { assert, assertEquals, assertMatch } from "@std/assert";
import { missingTools } from "../helpers/programs/tools.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const PAGE = new URL("../../docs/tasks/scale-out-keepalived.md", import.meta.url);

/** VRRP does not take the loopback interface. */
const device = Deno.networkInterfaces().find(({ name }) => name !== "lo")?.name;

const missing = [
  ...missingTools("keepalived", "setsid"),
  ...Deno.uid() === 0 ? [] : ["root"],
  ...device === undefined ? ["a network interface"] : [],
];
const why = missing.length === 0 ? "" : ` (ignored: missing ${missing.join(", ")})`;

/** The configs of keepalived on the page. */
async function configs(): Promise<string[]> {
  const text = await Deno.readTextFile(PAGE);
  return [...text.matchAll(/^```text\n(.*?)^```$/gms)].map(([, config = ""]) => config);
}

/** What keepalived finds wrong with a config; empty for nothing. */
async function problemsOf(folder: TemporaryFolder, config: string): Promise<string> {
  const [file, log] = [folder.file("keepalived.conf"), folder.file("keepalived.log")];
  await Deno.writeTextFile(file, config);
  await Deno.writeTextFile(log, "");
  // A group of its own: when it has tested a config with scripts, keepalived 2.2 ends its whole group.
  const child = new Deno.Command("setsid", {
    args: ["--wait", "keepalived", `--config-test=${log}`, `--use-file=${file}`],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  await child.output();
  return await Deno.readTextFile(log);
}

Deno.test({
  name: `keepalived: takes the configs of the page${why}`,
  ignore: missing.length > 0,
  fn: async () => {
    const found = await configs();
    assertEquals(found.length, 2);
    await using folder = new TemporaryFolder();
    for (const config of found) {
      assertEquals(await problemsOf(folder, config.replaceAll("eth0", device ?? "eth0")), "");
      const [keyword = ""] = /\w+_(?:id|sched)\b/.exec(config) ?? [];
      assert(keyword !== "");
      assertMatch(await problemsOf(folder, config.replace(keyword, `${keyword}x`)), /Unknown keyword/);
    }
  },
});
