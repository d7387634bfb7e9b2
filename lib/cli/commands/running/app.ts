import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import type { Io } from "../../io.ts";
import { reportIncomplete } from "../../running/report_incomplete.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";
import { suggestion } from "../../suggestion.ts";

const STATES = { pause: "paused", resume: "accepting" } as const;
const WORDS = Object.keys(STATES) as (keyof typeof STATES)[];

/** `tcpproxy app`: pauses and resumes an app of a running proxy. */
export const app: Command = {
  name: "app",
  summary: "Pause an app of a running proxy, or resume it",
  usage: "[-c FILE | --url URL] APP pause|resume",
  details: `${REMOTE_DETAILS}
  pause   accepts nothing more: new connections wait in the kernel's backlog, live ones go on
  resume  accepts again, those that wait first
A pause stays through reloads, and is gone when the proxy ends.`,
  arity: [2, 2],
  dynamic: ["app"],
  choices: WORDS,
  flags: [...REMOTE_FLAGS, { name: "json", summary: "Print JSON: the answer of the proxy" }],
  example: "tcpproxy app web pause && migrate-database && tcpproxy app web resume",
  run: setApp,
};

async function setApp(args: CommandArgs, io: Io): Promise<number> {
  const [name = "", text = ""] = args.positionals;
  const word = WORDS.find((each) => each === text);
  if (word === undefined) {
    throw new UsageError(
      `app: what to do is "${text}"; expected ${WORDS.join(" or ")}${suggestion(text, WORDS)}`,
    );
  }
  const proxy = await remoteProxy("app", args);
  const json = await proxy.setApp(name, STATES[word]);
  await io.print(args.on("json") ? JSON.stringify(json, undefined, 2) : `app "${name}": ${STATES[word]}`);
  return await reportIncomplete("app", proxy, io);
}
