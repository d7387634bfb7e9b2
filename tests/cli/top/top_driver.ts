import { type Frame, frameOf } from "../../../lib/cli/top/screen/frame.ts";
import { History } from "../../../lib/cli/top/history.ts";
import { type Key, KeyReader } from "../../../lib/cli/top/input/keys.ts";
import { initialState, type Size, type TopState, type ViewName } from "../../../lib/cli/top/state.ts";
import { type Effect, type Event, step } from "../../../lib/cli/top/input/step.ts";
import { lineWidth, plainLine } from "../../../lib/cli/terminal/line.ts";
import { type Moment, proxyAt, sessionsAt } from "../running/proxy_view.ts";

/** `tcpproxy top` without terminal, proxy and clock: it gets what happens, and shows what it would draw. */
export class TopDriver {
  state: TopState;
  effects: Effect[] = [];
  nowMs = Date.parse("2026-03-02T01:01:01.000Z");
  readonly #keys = new KeyReader();

  constructor(size: Size = { columns: 80, rows: 24 }, view: ViewName = "apps") {
    this.state = initialState({
      source: "http://127.0.0.1:9900",
      size,
      nowMs: this.nowMs,
      intervalMs: 1000,
      view,
      filter: "",
      history: new History(),
    });
  }

  /** One that has seen the proxy for eight seconds, at rates that go up and down. */
  static running(size?: Size, view?: ViewName): TopDriver {
    const top = new TopDriver(size, view);
    for (let seconds = 0; seconds <= 8; seconds++) {
      top.see({ seconds });
      top.nowMs += 1000;
    }
    return top;
  }

  /** The proxy answers. */
  see(moment: Moment): void {
    const page = this.state.view === "sessions"
      ? { scope: this.state.scope, view: sessionsAt(moment) }
      : undefined;
    this.tell({ kind: "answer", status: proxyAt(moment), page });
  }

  tell(event: Event): void {
    const { state, effects } = step(this.state, event, this.nowMs);
    this.state = state;
    this.effects.push(...effects);
  }

  /** Types, as a terminal sends it. */
  type(text: string): void {
    const keys: Key[] = this.#keys.read(new TextEncoder().encode(text));
    for (const key of [...keys, ...this.#keys.flush()]) this.tell({ kind: "key", key });
  }

  get frame(): Frame {
    return frameOf(this.state);
  }

  /** The screen as text. */
  get text(): string {
    return this.frame.lines.map(plainLine).join("\n");
  }

  /** The screen with its tones: `«bad:down»`. */
  get toned(): string {
    return this.frame.lines.map((line) =>
      line.map(({ text, tone }) => tone === "plain" || text.trim() === "" ? text : `«${tone}:${text}»`).join(
        "",
      ).trimEnd()
    ).join("\n");
  }

  /** The widest line. */
  get width(): number {
    return Math.max(...this.frame.lines.map(lineWidth));
  }
}
