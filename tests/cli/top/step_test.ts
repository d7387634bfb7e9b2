import { assert, assertEquals } from "@std/assert";
import type { Action } from "../../../lib/cli/top/state.ts";
import type { Effect } from "../../../lib/cli/top/input/step.ts";
import { proxyAt } from "../running/proxy_view.ts";
import { TopDriver } from "./top_driver.ts";

const [UP, DOWN, END, HOME] = ["\x1b[A", "\x1b[B", "\x1b[F", "\x1b[H"];

/** What is asked of the proxy. */
function actions(effects: readonly Effect[]): Action[] {
  return effects.flatMap((effect) => effect.kind === "act" ? [effect.action] : []);
}

/** The text of the selected row. */
function selected(top: TopDriver): string {
  const line = top.frame.lines.findLast((line) =>
    line.length > 1 && line.every(({ tone }) => tone === "selected")
  );
  return line?.map(({ text }) => text).join("").trim() ?? "";
}

Deno.test("step: q, Ctrl-C and F10 quit, also while a question is open where Ctrl-C is meant", () => {
  for (const key of ["q", "\x03", "\x1b[21~"]) {
    const top = TopDriver.running();
    top.type(key);
    assertEquals(top.effects.at(-1), { kind: "quit" }, JSON.stringify(key));
  }
  for (const before of ["?", "/", "i", "2d"]) {
    const top = TopDriver.running();
    top.type(`${before}\x03`);
    assertEquals(top.effects.at(-1), { kind: "quit" }, before);
  }
});

Deno.test("step: nothing is changed without a yes, and only y says yes", () => {
  for (const answer of ["n", "\x1b", "N", "x\r\x1b[A n", "\x1b[200~y\x1b[201~n"]) {
    const top = TopDriver.running(undefined, "targets");
    top.type(`${DOWN}${DOWN}d`);
    assert(top.text.includes("Drain 10.0.0.9:5432 (straße-日本語)?"), top.text);
    top.type(answer);
    assertEquals([actions(top.effects), top.state.mode.kind], [[], "browse"], JSON.stringify(answer));
  }
});

Deno.test("step: kill, drain, maintenance and pause ask for what they say", () => {
  const cases: readonly (readonly [view: "apps" | "targets" | "sessions", keys: string, action: Action])[] = [
    ["sessions", "ky", { kind: "kill", filter: { id: "4" } }],
    ["targets", `${END}ky`, { kind: "kill", filter: { app: "web", target: "10.1.0.1:443" } }],
    ["apps", "ky", { kind: "kill", filter: { app: "web" } }],
    ["targets", `${END}dY`, { kind: "target", app: "web", target: "10.1.0.1:443", to: "drain" }],
    ["targets", `${END}${UP}dy`, { kind: "target", app: "web", target: "10.0.0.4:80", to: "ready" }],
    ["targets", "my", { kind: "target", app: "evil\u001b[31m\u202ename", target: "10.0.0.7:1", to: "ready" }],
    ["targets", "dy", { kind: "target", app: "evil\u001b[31m\u202ename", target: "10.0.0.7:1", to: "drain" }],
    ["apps", "py", { kind: "app", app: "web", to: "paused" }],
    ["apps", `${DOWN}py`, { kind: "app", app: "straße-日本語", to: "accepting" }],
  ];
  for (const [view, keys, action] of cases) {
    const top = TopDriver.running(undefined, view);
    top.type(keys);
    assertEquals(actions(top.effects), [action], `${view} ${keys}`);
  }
});

Deno.test("step: in a view that has no targets, drain says what to do", () => {
  const top = TopDriver.running();
  top.type("d");
  assert(top.text.includes("choose a target"), top.text);
  top.nowMs += 6000;
  top.tell({ kind: "tick" });
  assert(!top.text.includes("choose a target"), top.text);
});

Deno.test("step: what came of an action is shown, and the proxy is asked at once", () => {
  const top = TopDriver.running();
  top.tell({ kind: "failed", text: 'status 404: no target "x"' });
  assert(top.text.includes('no target "x"'), top.text);
  assertEquals(top.effects.at(-1), { kind: "ask" });
});

Deno.test("step: the selection stays with its row when the order changes, and goes to a neighbour when it ends", () => {
  const top = TopDriver.running(undefined, "targets");
  top.type(`${END}${UP}`);
  assert(selected(top).includes("10.0.0.4:80"), top.text);
  top.type("r");
  assert(selected(top).includes("10.0.0.4:80"), top.text);
  top.type("/443\r");
  assert(selected(top).includes("10.1.0.1:443"), top.text);
});

Deno.test("step: a target that an app has twice is two rows, and the selection passes both", () => {
  const top = TopDriver.running(undefined, "targets");
  const [web, ...others] = proxyAt({ seconds: 9 }).apps;
  if (web === undefined) throw new Error("the fixture has no app");
  const [first] = web.targets;
  if (first === undefined) throw new Error("the fixture has no target");
  const status = {
    ...proxyAt({ seconds: 9 }),
    apps: [{ ...web, targets: [first, first, first], routes: [] }, ...others],
  };
  top.tell({ kind: "answer", status, page: undefined });
  top.type("/10.0.0.1\r");
  for (const index of [1, 2, 2]) {
    top.type(DOWN);
    assertEquals(top.state.views.targets.index, index);
  }
});

Deno.test("step: the first place stays selected, whatever row comes to stand there", () => {
  const top = TopDriver.running(undefined, "targets");
  assert(selected(top).startsWith("evil"), top.text);
  top.type("r");
  assert(selected(top).startsWith("web"), top.text);
  top.type(`${END}${HOME}`);
  top.type("r");
  assert(selected(top).startsWith("evil"), top.text);
});

Deno.test("step: Enter opens, Esc goes back: the filter first, then level by level", () => {
  const top = TopDriver.running();
  top.type("\r");
  assertEquals([top.state.view, top.state.scope], ["targets", { app: "web" }]);
  top.type("\r");
  assertEquals([top.state.view, top.state.scope], ["sessions", { app: "web", target: "10.0.0.1:80" }]);
  assert(top.text.includes("asking the proxy"), top.text);
  top.see({ seconds: 9 });
  top.type("/192\r\x1b");
  assertEquals([top.state.filter, top.state.view], ["", "sessions"]);
  top.type("\x1b");
  assertEquals(top.state.view, "targets");
  top.type("\x1b");
  assertEquals([top.state.view, top.state.scope], ["apps", {}]);
});

Deno.test("step: a filter that is typed is in effect at once; Esc brings the one before back", () => {
  const top = TopDriver.running(undefined, "targets");
  top.type("/10.0.0\r");
  top.type("/zz");
  assertEquals(top.state.filter, "10.0.0zz");
  top.type("\x7f\x7f.2");
  assert(top.text.includes("10.0.0.2:80") && !top.text.includes("10.0.0.1:80"), top.text);
  top.type("\x1b");
  assertEquals(top.state.filter, "10.0.0");
  top.type("/\x15\x1b[200~web\ndown\x1b[201~\r");
  assertEquals(top.state.filter, "web down");
  assert(top.text.includes("10.0.0.3:80"), top.text);
});

Deno.test("step: frozen, what is shown stands still", () => {
  const top = TopDriver.running();
  top.type(" ");
  const before = top.text;
  top.see({ seconds: 60 });
  assertEquals(top.text, before);
  top.type(" ");
  top.see({ seconds: 61 });
  assert(top.text !== before);
});

Deno.test("step: + and - change how often the proxy is looked at, within limits", () => {
  const top = TopDriver.running();
  top.type("+");
  assertEquals(top.state.intervalMs, 2000);
  top.type("-".repeat(9));
  assertEquals(top.state.intervalMs, 250);
  top.type("+".repeat(20));
  assertEquals(top.state.intervalMs, 60_000);
});

Deno.test("step: s goes through the columns that have an order, each in the direction that is of interest", () => {
  const top = TopDriver.running(undefined, "sessions");
  const seen: string[] = [];
  for (let count = 0; count < 14; count++) {
    top.type("s");
    const { column, isDescending } = top.state.views.sessions.sort;
    seen.push(`${column}${isDescending ? "-" : ""}`);
  }
  assertEquals(seen.slice(0, 4), ["sni", "worker-", "id-", "app"]);
  assertEquals(new Set(seen).size, 13);
});
