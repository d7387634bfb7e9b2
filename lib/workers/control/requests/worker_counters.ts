import { CollectedCounters, type CountersSnapshot, type WorkerCount } from "../../../metrics/mod.ts";

/** Stands for the thread that controls the workers. */
const MAIN = {};

/** What the workers of all generations count, those that are gone included. Each is known by an object of its own. */
export class WorkerCounters {
  /** Workers that have crashed. */
  deaths = 0;
  /** Crashed workers that were replaced. */
  restarts = 0;
  readonly #collected: CollectedCounters<object>;

  /** @param targets gives an app's targets; `undefined` where there is no such app. */
  constructor(targets: (app: string) => readonly { readonly label: string }[] | undefined) {
    this.#collected = new CollectedCounters({ targets: (app) => targets(app)?.map(({ label }) => label) });
  }

  receive(worker: object, counters: CountersSnapshot): void {
    this.#collected.receive(worker, counters);
  }

  /** The worker has ended or died: what it sent last is kept. Idempotent. */
  ended(worker: object): void {
    this.#collected.gone(worker);
  }

  /** What all have counted, as far as they have sent it. */
  snapshot(main: CountersSnapshot): CountersSnapshot {
    this.#collected.receive(MAIN, main);
    return this.#collected.snapshot();
  }

  count(workers: number): WorkerCount {
    return { count: workers, deaths: this.deaths, restarts: this.restarts };
  }
}
