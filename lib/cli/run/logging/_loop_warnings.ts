import type { Logger } from "../../../log/mod.ts";
import { Episode, type Schedule } from "./episode.ts";

/** A target that leads back has been mended when no connection has met it for this long. */
const SETTLE_MS = 60_000;

/** Warns once of each circle, by whichever of its targets it is met, until it has not been met for a minute. */
export class LoopWarnings {
  readonly #log: Logger;
  readonly #schedule: Schedule;
  readonly #episodes = new Map<string, Episode<string>>();

  constructor(log: Logger, schedule: Schedule) {
    this.#log = log;
    this.#schedule = schedule;
  }

  /** @param way the same text for a circle wherever it is entered. */
  add(app: string, target: string, way: string): void {
    let episode = this.#episodes.get(way);
    if (episode === undefined) {
      episode = new Episode({
        settleMs: SETTLE_MS,
        schedule: this.#schedule,
        onBegin: () =>
          this.#log.warning('app "{app}": target {target} gets no connection: {way}; change the target', {
            app,
            target,
            way,
          }),
        onEnd: () => this.#episodes.delete(way),
      });
      this.#episodes.set(way, episode);
    }
    episode.begin(way, undefined);
    episode.end(way);
  }

  /** Forgets all. For the end of the process. */
  close(): void {
    for (const episode of this.#episodes.values()) episode.close();
    this.#episodes.clear();
  }
}
