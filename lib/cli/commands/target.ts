import { type Command, type CommandArgs, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import type { TargetChange } from "../running/remote_proxy.ts";
import { reportIncomplete } from "../running/report_incomplete.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../running/running_proxy.ts";
import { suggestion } from "../suggestion.ts";

const STATES = ["ready", "drain", "down"] as const;
const MAX_WEIGHT = 256;

/** `tcpproxy target`: takes a target of a running proxy out, puts it back, changes its weight. */
export const target: Command = {
  name: "target",
  summary: "Take a target of a running proxy out, put it back, or change its weight",
  usage: "[-c FILE | --url URL] APP TARGET [ready|drain|down] [--weight N|auto]",
  details: `${REMOTE_DETAILS}
TARGET is an address as "tcpproxy status" shows it.
  ready  it gets connections, as far as its checks allow
  drain  it gets no new connections, live ones go on
  down   live ones end too, with the reason target_down
What is set stays through reloads while the app has the target, and is gone when the proxy ends.`,
  arity: [2, 3],
  dynamic: ["app", "target"],
  choices: STATES,
  flags: [
    ...REMOTE_FLAGS,
    { name: "weight", value: "N", summary: `Its weight, 0 to ${MAX_WEIGHT}; auto: as configured` },
    { name: "json", summary: "Print JSON: the target" },
  ],
  example: `tcpproxy target web 10.0.0.1:80 drain
tcpproxy target web 10.0.0.1:80 ready --weight 3`,
  run: setTarget,
};

async function setTarget(args: CommandArgs, io: Io): Promise<number> {
  const [app = "", label = "", state] = args.positionals;
  const change: TargetChange = { ...stateChange(state), ...weightChange(args.text("weight")) };
  if (Object.keys(change).length === 0) {
    throw new UsageError(`target: nothing to change; give one of ${STATES.join(", ")}, or --weight N`);
  }
  const proxy = await remoteProxy("target", args);
  const { view, json } = await proxy.setTarget(app, label, change);
  if (args.on("json")) {
    await io.print(JSON.stringify(json, undefined, 2));
    return await reportIncomplete("target", proxy, io);
  }
  const { plural } = await import("../running/status_text.ts");
  const { printLines } = await import("../running/print_lines.ts");
  const { span } = await import("../terminal/line.ts");
  const facts = [
    `${view.address} (${app}): ${view.admin}`,
    ...(view.admin === "ready" && view.state !== "up"
      ? [`but ${view.state}: ${view.detail ?? "unknown"}`]
      : []),
    `weight ${view.weight}${
      view.weight === view.configuredWeight ? "" : ` (${view.configuredWeight} configured)`
    }`,
    ...(view.connections === null ? [] : [plural(view.connections, "connection")]),
  ];
  await printLines([[span(facts.join(", "))]], io);
  return await reportIncomplete("target", proxy, io);
}

function stateChange(text: string | undefined): TargetChange {
  if (text === undefined) return {};
  const state = STATES.find((each) => each === text);
  if (state !== undefined) return { state };
  throw new UsageError(
    `target: the state is "${text}"; expected ${STATES.join(", ")}${suggestion(text, STATES)}`,
  );
}

function weightChange(text: string | undefined): TargetChange {
  if (text === undefined) return {};
  if (text === "auto") return { weight: null };
  const weight = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  if (weight <= MAX_WEIGHT) return { weight };
  throw new UsageError(
    `target: --weight is "${text}"; expected a whole number from 0 to ${MAX_WEIGHT}, or auto`,
  );
}
