import { assertEquals } from "@std/assert";
import { QuietProxy, withAdmin } from "../../helpers/proxy/admin.ts";
import { programCommand, runCommand } from "../../helpers/programs/program.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { Tmux } from "../../helpers/programs/tmux.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

const APPS = [
  { name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80", "[::1]:80"] },
  { name: "west-side", listen: ["127.0.0.1:7002"], targets: ["10.0.0.2:25"] },
];

/** A folder whose `tcpproxy` is the program under test, with the completions of a shell beside it. */
async function withShell(
  shell: string,
  use: (
    place: { readonly folder: TemporaryFolder; readonly script: string; readonly url: string },
  ) => Promise<void>,
): Promise<void> {
  await using folder = new TemporaryFolder();
  const wrapper = await folder.write("tcpproxy", `#!/bin/sh\nexec ${programCommand()} "$@"\n`);
  await Deno.chmod(wrapper, 0o755);
  const { stdout, code } = await runCommand(["completions", shell]);
  assertEquals(code, 0);
  const script = await folder.write(`completions.${shell}`, stdout);
  await withAdmin({ proxy: new QuietProxy(APPS) }, async ({ url }) => {
    // As it is typed; a slash at the end would do as well.
    await use({ folder, script, url: url.href.replace(/\/$/, "") });
  });
}

async function output(command: string, args: string[], path: string): Promise<string> {
  const env = { PATH: `${path}:${Deno.env.get("PATH") ?? ""}`, HOME: path };
  const { stdout, stderr, success } = await new Deno.Command(command, { args, env, stdin: "null" }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function ignored(...tools: string[]): { readonly ignore: boolean; readonly needs: string } {
  const missing = missingTools(...tools);
  return {
    ignore: missing.length > 0 || Deno.build.os !== "linux",
    needs: missing.length === 0 ? "" : ` (ignored: missing ${missing.join(", ")})`,
  };
}

const bash = ignored("bash", "tmux");
Deno.test({
  name: `completions: bash completes names of the running proxy, whatever is in them${bash.needs}`,
  ignore: bash.ignore,
  fn: async () => {
    await withShell("bash", async ({ folder, script, url }) => {
      const command = `bash --norc --noprofile -i`;
      const env = { PATH: `${folder.path}:${Deno.env.get("PATH") ?? ""}`, PS1: "> " };
      await using tmux = await Tmux.start(command, { columns: 150, rows: 24, env });
      await tmux.waitFor((screen) => screen.includes(">"));
      await tmux.type(`source ${script}; clear`);
      await tmux.press("Enter");
      await tmux.waitFor((screen) => screen.trim() === ">");
      const typed = async (text: string, shown: string): Promise<void> => {
        await tmux.press("C-u");
        await tmux.type(`tcpproxy status --url ${url} ${text}`);
        await tmux.press("Tab");
        await tmux.waitFor((screen) => screen.split("\n").some((line) => line.trimEnd().endsWith(shown)));
      };
      await typed("wes", " west-side");
      await typed("web", " web");
      await typed("web west-s", " west-side");
      // Readline ends words at colons: what is before them must neither be lost nor doubled.
      await tmux.press("C-u");
      await tmux.type(`tcpproxy target --url ${url} web 10.0.0.1:`);
      await tmux.press("Tab");
      await tmux.waitFor((screen) =>
        screen.split("\n").some((line) => line.trimEnd().endsWith(" web 10.0.0.1:80"))
      );
    });
  },
});

const fish = ignored("fish");
Deno.test({
  name: `completions: fish offers names of the running proxy, and flags${fish.needs}`,
  ignore: fish.ignore,
  fn: async () => {
    await withShell("fish", async ({ folder, script, url }) => {
      const offered = async (typed: string): Promise<string[]> => {
        const args = ["--no-config", "-c", `source ${script}; complete -C '${typed}'`];
        return (await output("fish", args, folder.path)).split("\n").map((line) => line.split("\t")[0] ?? "");
      };
      const apps = await offered(`tcpproxy status --url ${url} we`);
      assertEquals(apps.filter((name) => name !== "").sort(), ["web", "west-side"]);
      assertEquals((await offered("tcpproxy top --vi")).includes("--view"), true);
      assertEquals((await offered("tcpproxy top --view a")).includes("apps"), true);
    });
  },
});

const zsh = ignored("zsh", "tmux");
Deno.test({
  name: `completions: zsh completes names of the running proxy${zsh.needs}`,
  ignore: zsh.ignore,
  fn: async () => {
    await withShell("zsh", async ({ folder, script, url }) => {
      const env = { PATH: `${folder.path}:${Deno.env.get("PATH") ?? ""}`, PS1: "> ", HOME: folder.path };
      await using tmux = await Tmux.start("zsh -f -i", { columns: 150, rows: 24, env });
      await tmux.waitFor((screen) => screen.includes(">"));
      await tmux.type(`autoload -Uz compinit; compinit -u -D; source ${script}; clear`);
      await tmux.press("Enter");
      await tmux.waitFor((screen) => screen.trim() === ">");
      await tmux.type(`tcpproxy status --url ${url} wes`);
      await tmux.press("Tab");
      await tmux.waitFor((screen) => screen.includes(" west-side"));
      await tmux.press("C-u");
      await tmux.type("tcpproxy top --view ta");
      await tmux.press("Tab");
      await tmux.waitFor((screen) => screen.includes(" targets"));
    });
  },
});
