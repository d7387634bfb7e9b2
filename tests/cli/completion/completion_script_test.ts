import { assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../../lib/cli/commands/mod.ts";
import { completionScript, isShell, SHELLS } from "../../../lib/cli/completion/completion_script.ts";

Deno.test("completionScript: every shell's script names every command and every flag", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, COMMANDS);
    for (const { name, flags } of COMMANDS) {
      assertStringIncludes(script, name);
      for (const flag of flags) {
        assertStringIncludes(script, shell === "fish" ? `-l ${flag.name}` : `--${flag.name}`);
      }
    }
  }
});

Deno.test({
  name: "completionScript: bash completes commands, flags, words, and leaves files to readline",
  ignore: !hasBash(),
  fn: async () => {
    assertEquals(await complete("che"), ["check"]);
    assertEquals(await complete("check", "--"), [
      "--config",
      "--engine",
      "--json",
      "--against",
      "--token-file",
      "--quiet",
      "--help",
    ]);
    assertEquals(await complete("check", "--c"), ["--config"]);
    assertEquals(await complete("completions", ""), ["--help", "bash", "zsh", "fish"]);
    assertEquals(await complete("help", "sch"), ["schema"]);
    assertEquals(await complete("-"), ["--config", "--color", "--engine", "--help", "--version"]);
    assertEquals(await complete("run", "-c", "con"), []);
    assertEquals(await complete("-c", "con"), []);
  },
});

Deno.test("isShell: knows its shells and no others", () => {
  assertEquals(["bash", "zsh", "fish", "sh", "toString", ""].map(isShell), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

/** What bash offers after these words; the last one is being typed. */
async function complete(...words: string[]): Promise<string[]> {
  const typed = ["tcpproxy", ...words].map((word) => `'${word}'`).join(" ");
  const script = `${completionScript("bash", COMMANDS)}
COMP_WORDS=(${typed}); COMP_CWORD=${words.length}
_tcpproxy
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, success, stderr } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

function hasBash(): boolean {
  try {
    return new Deno.Command("bash", { args: ["-c", ":"] }).outputSync().success;
  } catch {
    return false;
  }
}
