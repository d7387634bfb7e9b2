import { Session } from "node:inspector";

/** How often each block of the code ran, by file and place. */
export type Blocks = ReadonlyMap<string, number>;

interface Answer {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly startOffset: number;
        readonly endOffset: number;
        readonly count: number;
      }[];
    }[];
  }[];
}

/**
 * V8's count of how often each block of JavaScript runs. It sees modules only that are loaded after {@link
 * Coverage.start}: what was compiled before has no counters.
 */
export class Coverage {
  readonly #session: Session;

  static async start(): Promise<Coverage> {
    const session = new Session();
    session.connect();
    const coverage = new Coverage(session);
    await coverage.#post("Profiler.enable");
    await coverage.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  private constructor(session: Session) {
    this.#session = session;
  }

  /** The blocks that ran since the last call, of files whose URL matches. */
  async take(files: RegExp): Promise<Blocks> {
    const { result } = await this.#post("Profiler.takePreciseCoverage") as Answer;
    const blocks = new Map<string, number>();
    for (const { url, functions } of result) {
      if (!files.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) blocks.set(`${url}:${startOffset}-${endOffset}`, count);
        }
      }
    }
    return blocks;
  }

  async stop(): Promise<void> {
    await this.#post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  #post(method: string, params: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error: Error | null, answer?: unknown) => {
        if (error === null || error === undefined) resolve(answer);
        else reject(error);
      });
    });
  }
}

/** Steps in all: how often any block ran. The same input takes the same number, on any machine and however busy it is. */
export function stepsOf(blocks: Blocks): number {
  let steps = 0;
  for (const count of blocks.values()) steps += count;
  return steps;
}
