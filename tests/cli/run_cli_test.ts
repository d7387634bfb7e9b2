import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../lib/cli/commands/mod.ts";
import { runCli } from "../../lib/cli/mod.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";

Deno.test("runCli: --help and -h list every command on stdout", async () => {
  for (const words of [["--help"], ["-h"], ["help"], ["help", "--help"]]) {
    const io = new CapturedIo();
    assertEquals(await runCli(words, io), 0);
    for (const { name, summary } of COMMANDS) {
      assertMatch(io.printed, new RegExp(`  ${name} +${escape(summary)}\n`));
    }
    assertEquals(io.complaints, "");
  }
});

Deno.test("runCli: every command has help with its usage, all its flags and an example", async () => {
  for (const command of COMMANDS) {
    const [asked, flagged] = [new CapturedIo(), new CapturedIo()];
    assertEquals(await runCli(["help", command.name], asked), 0);
    assertEquals(await runCli([command.name, "--help"], flagged), 0);
    assertEquals(flagged.printed, asked.printed);
    assertStringIncludes(asked.printed, `Usage: tcpproxy ${command.name}`);
    for (const flag of command.flags) assertStringIncludes(asked.printed, `--${flag.name}`);
    assertStringIncludes(asked.printed, `Example:\n  ${command.example.split("\n")[0]}`);
  }
});

Deno.test("runCli: --help wins over what else stands there, and over what is wrong with it", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["-c", "nowhere.yaml", "--nonsense", "--help"], io), 0);
  assertStringIncludes(io.printed, "Usage: tcpproxy run");
});

Deno.test("runCli: --version, -V and version print the same version", async () => {
  const { default: manifest } = await import("../../deno.json", { with: { type: "json" } });
  for (const word of ["--version", "-V", "version"]) {
    const io = new CapturedIo();
    assertEquals(await runCli([word], io), 0);
    assertEquals(io.printed, `tcpproxy ${manifest.version} (development run)\n`);
  }
});

const MISTAKES: readonly { words: string[]; says: string; hint: string }[] = [
  { words: ["chekc"], says: 'there is no command "chekc", did you mean "check"?', hint: "--help" },
  { words: ["quux-and-more"], says: 'there is no command "quux-and-more"\n', hint: "--help" },
  { words: ["my.yaml"], says: 'did you mean "tcpproxy run -c my.yaml"?', hint: "--help" },
  { words: ["help", "demmo"], says: 'there is no command "demmo", did you mean "demo"?', hint: "--help" },
  { words: ["help", "run", "demo"], says: '"help" takes one command, and got "demo" too', hint: "--help" },
  {
    words: ["--confg", "x"],
    says: '"run" has no flag "--confg", did you mean "--config"?',
    hint: "help run",
  },
  { words: ["--confg=x"], says: '"run" has no flag "--confg", did you mean "--config"?', hint: "help run" },
  {
    words: ["check", "--jsn"],
    says: '"check" has no flag "--jsn", did you mean "--json"?',
    hint: "help check",
  },
  { words: ["run", "-z"], says: '"run" has no flag "-z"\n', hint: "help run" },
  { words: ["run", "-c"], says: '"--config" needs a value: --config FILE', hint: "help run" },
  {
    words: ["run", "--config="],
    says: '"--config" needs a value: --config FILE',
    hint: "help run",
  },
  {
    words: ["run", "x"],
    says: '"run" takes no argument "x": tcpproxy run [-c FILE]',
    hint: "help run",
  },
  { words: ["forward", "8080"], says: '"forward" needs more arguments', hint: "help forward" },
  {
    words: ["forward", "x", "a:1"],
    says: 'the port is "x"; expected a number from 1 to 65535',
    hint: "help forward",
  },
  { words: ["forward", "1", "host"], says: 'the address "host" has no port', hint: "help forward" },
  { words: ["echo"], says: '"echo" needs more arguments', hint: "help echo" },
  {
    words: ["echo", "70000"],
    says: 'tcpproxy: echo: the port is "70000"; expected a number from 1 to 65535',
    hint: "help echo",
  },
  { words: ["echo", "1", "--host", "a b"], says: 'the host "a b" is no host name', hint: "help echo" },
  { words: ["completions"], says: '"completions" needs more arguments', hint: "help completions" },
  {
    words: ["completions", "bsh"],
    says: 'expected bash, zsh or fish, did you mean "bash"?',
    hint: "help completions",
  },
  { words: ["version", "1"], says: '"version" takes no argument "1"', hint: "help version" },
];

for (const { words, says, hint } of MISTAKES) {
  Deno.test(`runCli: "${words.join(" ")}" is refused in words and ends with 2`, async () => {
    const io = new CapturedIo();
    assertEquals(await runCli(words, io), 2);
    assertMatch(io.complaints, /^tcpproxy: /);
    assertStringIncludes(io.complaints, says);
    assertStringIncludes(io.complaints, `Try: tcpproxy ${hint}\n`);
    assertEquals(io.printed, "");
  });
}

Deno.test("runCli: what forward cannot run is said in its name, once", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["forward", "127.0.0.1:1", "127.0.0.1:1"], io), 2);
  assertStringIncludes(io.complaints, 'tcpproxy: forward: apps[0].targets[0]: the address "127.0.0.1:1" is ');
});

function escape(text: string): string {
  return text.replace(/[()[\]./]/g, "\\$&");
}
