import { parseDuration, UnitError } from "../../../base/mod.ts";
import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import type { RemoteProxy, TargetChange } from "../../running/remote_proxy.ts";
import { reportIncomplete } from "../../running/report_incomplete.ts";
import { REMOTE_DETAILS, REMOTE_FLAGS, remoteProxy } from "../../running/running_proxy.ts";
import type { TargetView } from "../../running/view.ts";
import { suggestion } from "../../suggestion.ts";

const STATES = ["ready", "drain", "down"] as const;
const MAX_WEIGHT = 256;

/** `tcpproxy target`: takes a target of a running proxy out, puts it back, changes its weight. */
export const target: Command = {
  name: "target",
  summary: "Take a target of a running proxy out, put it back, or change its weight",
  usage: "[-c FILE | --url URL] APP TARGET [ready|drain|down] [--weight N|auto] [--wait TIME]",
  details: `${REMOTE_DETAILS}
TARGET is an address as "tcpproxy status" shows it.
  ready  it gets connections, as far as its checks allow
  drain  it gets no new connections, live ones go on
  down   live ones end too, with the reason target_down
What is set stays through reloads while the app has the target, and is gone when the proxy ends. With --wait the exit
code is 1 when the target still has connections after that time.`,
  arity: [2, 3],
  dynamic: ["app", "target"],
  choices: STATES,
  flags: [
    ...REMOTE_FLAGS,
    { name: "weight", value: "N", summary: `Its weight, 0 to ${MAX_WEIGHT}; auto: as configured` },
    {
      name: "wait",
      value: "TIME",
      summary: "With drain: wait until it has no connections, at most so long",
    },
    { name: "json", summary: "Print JSON: the target" },
  ],
  example:
    `tcpproxy target web 10.0.0.1:80 drain --wait 10m && upgrade 10.0.0.1 && tcpproxy target web 10.0.0.1:80 ready
tcpproxy target web 10.0.0.1:80 ready --weight 3`,
  run: setTarget,
};

async function setTarget(args: CommandArgs, io: Io): Promise<number> {
  const [app = "", label = "", state] = args.positionals;
  const change: TargetChange = { ...stateChange(state), ...weightChange(args.text("weight")) };
  if (Object.keys(change).length === 0) {
    throw new UsageError(`target: nothing to change; give one of ${STATES.join(", ")}, or --weight N`);
  }
  const waitMs = waitOf(args.text("wait"), state);
  const proxy = await remoteProxy("target", args);
  const { view, json } = await proxy.setTarget(app, label, change);
  if (args.on("json")) await io.print(JSON.stringify(json, undefined, 2));
  else await io.print(await targetText(app, view));
  const left = waitMs === undefined ? 0 : await waitUntilEmpty({ app, label, proxy, io }, waitMs);
  if (left > 0) {
    await io.complain(
      `target: ${label} still has ${left} connections; wait longer, or set it "down" to end them`,
    );
    return EXIT.failed;
  }
  return await reportIncomplete("target", proxy, io);
}

async function targetText(app: string, view: TargetView): Promise<string> {
  const [{ plural }, { visible }] = await Promise.all([
    import("../../running/status_text.ts"),
    import("../../terminal/cells.ts"),
  ]);
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
  return visible(facts.join(", "));
}

/** Between two looks at how many connections are left. */
const LOOK_MS = 500;

/** Waits until a target has no session, and returns how many it still has. */
async function waitUntilEmpty(
  { app, label, proxy, io }: {
    readonly app: string;
    readonly label: string;
    readonly proxy: RemoteProxy;
    readonly io: Io;
  },
  limitMs: number,
): Promise<number> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const { view: { matched } } = await proxy.sessions({ app, target: label, limit: 1 });
    if (matched === 0 || performance.now() >= endMs) {
      await io.progress?.("");
      return matched;
    }
    await io.progress?.(`${matched} left`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function waitOf(text: string | undefined, state: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (state !== "drain") throw new UsageError("target: --wait is for drain alone");
  try {
    const ms = parseDuration(text);
    if (ms !== Infinity) return ms;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
  }
  throw new UsageError(`target: --wait is "${text}"; expected a time such as 10m`);
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
