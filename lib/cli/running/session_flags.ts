import { type CommandArgs, type Flag, UsageError } from "../command.ts";
import { suggestion } from "../suggestion.ts";
import type { SessionFilter } from "./remote_proxy.ts";

/** What a session is doing. */
const STATES = ["inspecting", "dialing", "relaying", "lingering"] as const;

/** The flags that say which sessions are meant. */
export const SESSION_FLAGS: readonly Flag[] = [
  { name: "app", value: "APP", summary: "Those of an app", dynamic: "app" },
  { name: "target", value: "TARGET", summary: "Those with a target", dynamic: "target" },
  { name: "client", value: "ADDR", summary: "Those of a client: an address, or a block such as 10.0.0.0/8" },
  { name: "state", value: "STATE", summary: `Those that are ${STATES.join(", ")}`, choices: STATES },
];

/** Returns which sessions are meant. @throws {UsageError} for a state that no session has. */
export function readSessionFilter(command: string, args: CommandArgs): SessionFilter {
  return {
    app: args.text("app"),
    target: args.text("target"),
    client: args.text("client"),
    state: choiceIn(command, args, { flag: "state", choices: STATES }),
  };
}

/** Returns the value of a flag that has a fixed set of them. @throws {UsageError} when it is none of them. */
export function choiceIn(
  command: string,
  args: CommandArgs,
  { flag, choices }: { readonly flag: string; readonly choices: readonly string[] },
): string | undefined {
  const value = args.text(flag);
  if (value === undefined || choices.includes(value)) return value;
  throw new UsageError(
    `${command}: --${flag} is "${value}"; expected ${choices.join(", ")}${suggestion(value, choices)}`,
  );
}

/** Returns the value of a flag that is a whole number. @throws {UsageError} when it is something else. */
export function wholeNumberIn(
  command: string,
  args: CommandArgs,
  { flag, least, most }: { readonly flag: string; readonly least: number; readonly most: number },
): number | undefined {
  const text = args.text(flag);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(
    `${command}: --${flag} is "${text}"; expected a whole number from ${least} to ${most}`,
  );
}

/** Describes which sessions are meant: `of app "web" with target 10.0.0.1:80`; empty where all are. */
export function filterText({ app, target, client, state }: SessionFilter): string {
  const parts = [
    ...(state === undefined ? [] : [`in state ${state}`]),
    ...(app === undefined ? [] : [`of app "${app}"`]),
    ...(target === undefined ? [] : [`with target ${target}`]),
    ...(client === undefined ? [] : [`of client ${client}`]),
  ];
  return parts.length === 0 ? "" : ` ${parts.join(" ")}`;
}
