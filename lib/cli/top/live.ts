import { errorMessage } from "../../base/mod.ts";
import type { Paint } from "../terminal/line.ts";
import { frameOf } from "./screen/frame.ts";
import { Screen } from "./screen/screen.ts";
import { askFor, type TopSource } from "./source.ts";
import type { Action, TopState } from "./state.ts";
import { type Effect, type Event, step } from "./input/step.ts";
import { Terminal, type TerminalEnd } from "./terminal.ts";

/** How often the screen is looked at without news: ages go on, notices go. */
const TICK_MS = 1000;

/** Runs on the terminal until the operator, a signal or the terminal itself ends it. */
export async function runLive(
  source: TopSource,
  start: TopState,
  paint: Paint,
): Promise<TerminalEnd | undefined> {
  return await new Live(source, start, paint).run();
}

class Live {
  readonly #source: TopSource;
  readonly #screen: Screen;
  readonly #ended = Promise.withResolvers<TerminalEnd | undefined>();
  #state: TopState;
  #terminal: Terminal | undefined;
  #isRunning = true;
  #isDrawing = false;
  #isStale = false;
  #wake: (() => void) | undefined;
  #isWanted = false;

  constructor(source: TopSource, start: TopState, paint: Paint) {
    this.#source = source;
    this.#state = start;
    this.#screen = new Screen(paint);
  }

  async run(): Promise<TerminalEnd | undefined> {
    using terminal = new Terminal({
      onKeys: (keys) => {
        for (const key of keys) this.#dispatch({ kind: "key", key });
      },
      onResize: () => {
        this.#screen.invalidate();
        this.#dispatch({ kind: "resize", ...terminal.size });
      },
      onEnd: (end) => this.#ended.resolve(end),
    });
    this.#terminal = terminal;
    this.#dispatch({ kind: "resize", ...terminal.size });
    const ticks = setInterval(() => this.#dispatch({ kind: "tick" }), TICK_MS);
    // A defect there must end it, with the terminal given back.
    this.#ask().catch((error) => this.#ended.resolve({ kind: "error", error }));
    try {
      return await this.#ended.promise;
    } finally {
      this.#isRunning = false;
      clearInterval(ticks);
      this.#wake?.();
    }
  }

  #dispatch(event: Event): void {
    if (!this.#isRunning) return;
    const { state, effects } = step(this.#state, event, Date.now());
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    this.#draw().catch((error) => this.#ended.resolve({ kind: "error", error }));
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case "quit":
        return this.#ended.resolve(undefined);
      case "redraw":
        return this.#screen.invalidate();
      case "ask":
        this.#isWanted = true;
        return this.#wake?.();
      case "act":
        void this.#act(effect.action);
    }
  }

  /** Draws the newest state; while the terminal is slow, those between are left out. */
  async #draw(): Promise<void> {
    this.#isStale = true;
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    try {
      while (this.#isStale && this.#isRunning) {
        this.#isStale = false;
        const { lines, cursor } = frameOf(this.#state);
        await this.#terminal?.write(this.#screen.update(lines, { ...this.#state.size, cursor }));
      }
    } finally {
      this.#isDrawing = false;
    }
  }

  /** Asks the proxy again and again; each question has the time limit of its client. */
  async #ask(): Promise<void> {
    // The first answer was there before the terminal was taken over.
    for (await this.#pause(); this.#isRunning; await this.#pause()) {
      this.#isWanted = false;
      try {
        this.#dispatch(await askFor(this.#source, this.#state));
      } catch (error) {
        this.#dispatch({ kind: "lost", why: errorMessage(error) });
      }
    }
  }

  async #pause(): Promise<void> {
    if (this.#isWanted || !this.#isRunning) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#state.intervalMs);
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }

  /** Never rejects. */
  async #act(action: Action): Promise<void> {
    try {
      this.#dispatch({ kind: "done", text: await this.#source.act(action) });
    } catch (error) {
      this.#dispatch({ kind: "failed", text: errorMessage(error) });
    }
  }
}
