import type { Command, Flag } from "./command.ts";
import { HELP_FLAG } from "./parse_args.ts";

/** `tcpproxy --help`. */
export function generalHelp(commands: readonly Command[]): string {
  return `A TCP proxy: many ports, many apps, and for each connection a target that answers.

Usage: tcpproxy [run] [-c FILE]
       tcpproxy COMMAND [FLAGS] [WORDS]

Commands:
${columns(commands.map((command) => [command.name, command.summary]))}

Flags:
${columns([["-h, --help", "Show this"], ["-V, --version", "Show the version"]])}

Try:
  tcpproxy demo                  # a proxy with something to talk to
  tcpproxy init && tcpproxy      # write a config and run it
  tcpproxy help run              # more on one command`;
}

/** `tcpproxy help COMMAND`. */
export function commandHelp(command: Command): string {
  const flags = [...command.flags, HELP_FLAG];
  const parts = [
    `${command.summary}.`,
    `Usage: ${["tcpproxy", command.name, command.usage].filter((part) => part !== "").join(" ")}`,
    ...(command.details === undefined ? [] : [command.details]),
    `Flags:\n${columns(flags.map((flag) => [flagText(flag), flag.summary]))}`,
    `Example:\n${indent(command.example)}`,
  ];
  return parts.join("\n\n");
}

function flagText(flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  return `${short}--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`;
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

function indent(text: string): string {
  return text.split("\n").map((line) => `  ${line}`).join("\n");
}
