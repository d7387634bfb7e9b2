import { freePort } from "../free_ports.ts";
import { TemporaryFolder } from "../temporary_folder.ts";

/** How long anything may take to show up. */
const PATIENCE_MS = 90_000;

/** One series of an answer: its labels, and its value as text. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

/** A rule as Prometheus sees it. */
export interface EvaluatedRule {
  readonly name: string;
  readonly health: "unknown" | "ok" | "err";
  readonly state: "inactive" | "pending" | "firing";
  readonly lastError?: string;
}

/** A Prometheus that scrapes one address as job `tcpproxy`. Disposing of it ends it. */
export class Prometheus implements AsyncDisposable {
  readonly #port: number;
  readonly #folder: TemporaryFolder;
  readonly #process: Deno.ChildProcess;
  #hasEnded = false;
  readonly #status: Promise<unknown>;

  /** @param rules the file of its rules. */
  static async start(address: string, rules: string): Promise<Prometheus> {
    const folder = new TemporaryFolder();
    const config = await folder.config({
      global: { "evaluation_interval": "500ms" },
      "rule_files": [rules],
      "scrape_configs": [{
        "job_name": "tcpproxy",
        // A busy machine may take its time over an answer.
        "scrape_interval": "2s",
        "scrape_timeout": "2s",
        "static_configs": [{ targets: [address] }],
      }],
    });
    return new Prometheus(config, folder);
  }

  private constructor(config: string, folder: TemporaryFolder) {
    this.#port = freePort();
    this.#folder = folder;
    this.#process = new Deno.Command("prometheus", {
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${folder.file("data")}`,
        `--web.listen-address=127.0.0.1:${this.#port}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#status = this.#process.status.finally(() => this.#hasEnded = true);
  }

  /** Asks for the value of an expression at this moment. Throws what is wrong with it. */
  async query(expression: string): Promise<readonly Series[]> {
    const { data, error } = await this.#get(`query?query=${encodeURIComponent(expression)}`);
    if (error !== undefined) throw new Error(`${expression}: ${error}`);
    return (data as { result: readonly Series[] }).result;
  }

  async rules(): Promise<readonly EvaluatedRule[]> {
    const { data } = await this.#get("rules");
    return (data as { groups: readonly { rules: readonly EvaluatedRule[] }[] }).groups.flatMap(({ rules }) =>
      rules
    );
  }

  /** Resolves when it is so; fails with the server's output when it is not so for long. */
  async eventually(isSo: () => Promise<boolean>, tell: () => unknown): Promise<void> {
    const endsAtMs = Date.now() + PATIENCE_MS;
    while (!await isSo()) {
      if (Date.now() > endsAtMs || this.#hasEnded) throw new Error(`prometheus: ${JSON.stringify(tell())}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#process.kill("SIGKILL");
    await this.#status;
    await this.#folder[Symbol.asyncDispose]();
  }

  /** Waits until it answers at all. */
  async #get(path: string): Promise<{ readonly data: unknown; readonly error?: string }> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/${path}`;
    let answer: Response | undefined;
    await this.eventually(async () => {
      try {
        answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
        if (answer.status !== 503) return true;
        await answer.body?.cancel();
        return false;
      } catch (error) {
        // It does not listen yet.
        if (error instanceof TypeError) return false;
        throw error;
      }
    }, () => "no answer");
    return await (answer?.json() ?? { data: undefined });
  }
}
