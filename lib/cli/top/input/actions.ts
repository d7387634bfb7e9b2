import { allTargets } from "../../running/view.ts";
import type { Row } from "../arrange.ts";
import type { Mode, TopState } from "../state.ts";

/** What a letter asks for of the selected row: a question or, where the row is none for it, what to do first. */
export const ACTIONS: Readonly<Record<string, (state: TopState, row: Row) => Mode | string>> = {
  k: kill,
  d: drain,
  m: maintenance,
  p: pause,
};

function kill(state: TopState, { key, scope }: Row): Mode {
  if (state.view === "sessions") {
    const session = state.page?.view.sessions.find(({ id }) => id === key);
    const who = session === undefined ? "" : ` of ${session.client}`;
    return {
      kind: "confirm",
      question: `Kill session ${key}${who}?`,
      action: { kind: "kill", filter: { id: key } },
    };
  }
  const { app, target } = scope;
  const what = target === undefined ? `app ${app}` : `${target} (${app})`;
  return {
    kind: "confirm",
    question: `Kill all sessions of ${what}?`,
    action: { kind: "kill", filter: scope },
  };
}

function drain(state: TopState, row: Row): Mode | string {
  return setTarget(state, row, "drain");
}

function maintenance(state: TopState, row: Row): Mode | string {
  return setTarget(state, row, "down");
}

function setTarget(
  state: TopState,
  { scope: { app, target } }: Row,
  wanted: "drain" | "down",
): Mode | string {
  if (app === undefined || target === undefined) return "choose a target in the view of targets (2) first";
  const to = adminOf(state, app, target) === wanted ? "ready" : wanted;
  const questions = {
    ready: `Make ${target} (${app}) ready again?`,
    drain: `Drain ${target} (${app})? It gets no new connections; live ones go on`,
    down: `Take ${target} (${app}) down? Its live connections end`,
  };
  return { kind: "confirm", question: questions[to], action: { kind: "target", app, target, to } };
}

function adminOf(state: TopState, app: string, target: string): string | undefined {
  const found = state.status?.apps.find(({ name }) => name === app);
  return found && allTargets(found).find((each) => each.target.address === target)?.target.admin;
}

function pause(state: TopState, { scope: { app } }: Row): Mode | string {
  const found = state.status?.apps.find(({ name }) => name === app);
  if (app === undefined || found === undefined) return "choose an app first";
  const to = found.state === "paused" ? "accepting" : "paused";
  const question = to === "paused"
    ? `Pause app ${app}? New connections wait`
    : `Let app ${app} accept connections again?`;
  return { kind: "confirm", question, action: { kind: "app", app, to } };
}
