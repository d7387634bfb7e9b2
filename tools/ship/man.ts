/**
 * Writes the man pages, from the tables that docs/commands.md and docs/configuration.md are made from:
 * `tcpproxy.1` and `tcpproxy.yaml.5`, in `dist/man/` or the folder that is given.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { COMMANDS } from "../../lib/cli/commands/mod.ts";
import type { Command, Flag } from "../../lib/cli/command.ts";
import { HELP_FLAG } from "../../lib/cli/parse_args.ts";
import { COMMANDS_INTRODUCTION } from "../generate_commands.ts";
import { CONFIG_INTRODUCTION, type ConfigRow, configSections } from "../generate_reference.ts";
import { argument, blocks, definitions, escape, literal, paragraph } from "./_mdoc.ts";

/** The man pages by file name. `date` is that of the sources. */
export function manPages(date: Date): Readonly<Record<string, string>> {
  return { "tcpproxy.1": commandsPage(date), "tcpproxy.yaml.5": configPage(date) };
}

function commandsPage(date: Date): string {
  return page([
    head("TCPPROXY", 1, date),
    section("NAME", ".Nm tcpproxy\n.Nd TCP proxy with health checks, limits, routing and live reload"),
    section(
      "SYNOPSIS",
      ".Nm\n.Op Cm run\n.Op Fl c Ar FILE\n.Nm\n.Ar COMMAND\n.Op Ar FLAGS\n.Op Ar WORDS",
    ),
    section(
      "DESCRIPTION",
      `${
        paragraph(
          "tcpproxy listens on many ports for many apps, forwards each connection to one of the app's targets, balances among " +
            "them, and tries the others when a target cannot be reached.",
        )
      }\n.Pp\n${blocks(COMMANDS_INTRODUCTION)}`,
    ),
    section("COMMANDS", COMMANDS.map(commandSection).join("\n")),
    section("ENVIRONMENT", definitions(ENVIRONMENT)),
    section("FILES", definitions(FILES)),
    section("EXIT STATUS", definitions(EXIT_STATUS)),
    section("EXAMPLES", literal(EXAMPLES)),
    section("SEE ALSO", ".Xr systemd.service 5 ,\n.Xr tcpproxy.yaml 5"),
  ]);
}

const ENVIRONMENT: readonly [string, string][] = [
  ["Ev NO_COLOR", "No colours, whatever stdout is."],
  ["Ev NOTIFY_SOCKET , Ev WATCHDOG_USEC , Ev WATCHDOG_PID", "Set by systemd, see sd_notify(3)."],
];

const FILES: readonly [string, string][] = [
  ["Pa ./config.yaml , ./config.yml , ./config.json", "The config, where `-c` names no other."],
  ["Pa /etc/tcpproxy/config.yaml", "The config of the systemd unit."],
  ["Pa /run/tcpproxy , /var/log/tcpproxy", "Folders for unix sockets and log files, which the unit makes."],
];

const EXIT_STATUS: readonly [string, string][] = [
  ["0", "Done."],
  ["1", "Failed while running: a port in use, a proxy that does not answer."],
  ["2", "The command line or the config is wrong."],
];

const EXAMPLES = `tcpproxy demo
tcpproxy init && tcpproxy
tcpproxy check --quiet -c /etc/tcpproxy/config.yaml`;

function commandSection(command: Command): string {
  const usage = ["tcpproxy", command.name, command.usage].filter((part) => part !== "").join(" ");
  const details = command.details === undefined ? "" : ` ${command.details}`;
  return [
    `.Ss ${argument(command.name)}`,
    literal(usage),
    paragraph(`${command.summary}.${details}`),
    definitions([...command.flags, HELP_FLAG].map((flag) => [flagTerm(flag), `${flag.summary}.`])),
    ".Pp\nExample:",
    literal(command.example),
  ].join("\n");
}

function flagTerm({ name, short, value }: Flag): string {
  const spellings = `${short === undefined ? "" : `Fl ${short} , `}Fl \\-${escape(name)}`;
  return value === undefined ? spellings : `${spellings} Ar ${argument(value)}`;
}

function configPage(date: Date): string {
  const sections = configSections().map(({ path, rows }) =>
    `.Ss ${argument(path === "" ? "The top level" : path)}\n${definitions(rows.map(keyItem))}`
  );
  return page([
    head("TCPPROXY.YAML", 5, date),
    section("NAME", ".Nm tcpproxy.yaml\n.Nd config of tcpproxy"),
    section("DESCRIPTION", blocks(CONFIG_INTRODUCTION)),
    section("KEYS", sections.join("\n")),
    section("SEE ALSO", ".Xr tcpproxy 1"),
  ]);
}

function keyItem({ key, type, fallback, isRequired, meaning }: ConfigRow): [string, string] {
  const standard = fallback === "" ? "" : `; default ${fallback}`;
  return [`Cm ${argument(key)}`, `(${type}${isRequired ? "; needed" : standard}) ${meaning}`];
}

function head(title: string, volume: number, date: Date): string {
  const day = date.toLocaleDateString("en-US", { timeZone: "UTC", dateStyle: "long" });
  return `.\\" Written by tools/ship/man.ts.\n.Dd ${day}\n.Dt ${title} ${volume}\n.Os`;
}

function section(title: string, body: string): string {
  return `.Sh ${title}\n${body}`;
}

function page(parts: readonly string[]): string {
  return `${parts.join("\n")}\n`;
}

/** The date of the sources: that of `$SOURCE_DATE_EPOCH`, else today. */
export function sourceDate(): Date {
  const seconds = Deno.env.get("SOURCE_DATE_EPOCH");
  return seconds === undefined || seconds === "" ? new Date() : new Date(Number(seconds) * 1000);
}

/** Writes the pages into a folder, which is made, and returns their paths. */
export async function writeManPages(folder: string): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const [name, text] of Object.entries(manPages(sourceDate()))) {
    paths.push(`${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return paths;
}

async function main(): Promise<void> {
  const [folder = "dist/man", ...others] = Deno.args;
  if (others.length > 0) {
    console.error(`man: the arguments are "${Deno.args.join(" ")}"; expected a folder, or none`);
    Deno.exitCode = 2;
    return;
  }
  for (const path of await writeManPages(folder)) console.log(path);
}

if (import.meta.main) void main();
