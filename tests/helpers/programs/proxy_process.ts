/**
 * The program as a process that runs for long: it keeps no line of the log, only counts.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { V8_FLAGS } from "../../../tools/v8_flags.ts";
import { BINARY } from "./program.ts";
import { Scrape } from "../scrape.ts";

/** The engine that a process serves with. */
export type Engine = "runtime" | "native";

export interface ProxyProcessOptions {
  /** The path of its config. Its access log has to be in JSON. */
  readonly config: string;
  readonly engine: Engine;
  /** Where its admin API listens: `127.0.0.1:9900`. */
  readonly admin: string;
  /** Words before the program, which have to end in replacing themselves with it (`exec`). */
  readonly prefix?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The token of its admin API; default: it needs none. */
  readonly token?: string;
  /** The program; default the shipped one. */
  readonly main?: URL;
}

/** The end of stderr that is kept. */
const TAIL_CHARS = 4000;

const READY_MS = 60_000;

/** How long its admin API may take over an answer. */
const ANSWER_MS = 30_000;

/** A running proxy. Disposing of it ends it. */
export class ProxyProcess implements AsyncDisposable {
  /** Lines of its access log, by the reason in them. */
  readonly reasons = new Map<string, number>();
  lines = 0;
  /** The end of what it wrote to stderr. */
  tail = "";
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;
  readonly #admin: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #read: Promise<unknown>;
  #status: Deno.CommandStatus | undefined;
  readonly #ended: Promise<void>;

  /** Starts it; resolves when it is ready. @throws {Error} with the end of stderr if it does not get there. */
  static async start(options: ProxyProcessOptions): Promise<ProxyProcess> {
    const proxy = new ProxyProcess(options);
    const endsAtMs = performance.now() + READY_MS;
    while (!await proxy.isReady()) {
      if (proxy.hasEnded || performance.now() > endsAtMs) {
        await proxy[Symbol.asyncDispose]();
        throw new Error(`start the proxy: it is not ready: ${proxy.tail.trim()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return proxy;
  }

  private constructor(options: ProxyProcessOptions) {
    const { config, engine, admin, prefix = [], environment = {}, token } = options;
    const words = [...programWords(options), "--engine", engine, "-c", config];
    const [command = "", ...args] = [...prefix, ...words];
    this.#admin = admin;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#child = new Deno.Command(command, {
      args,
      env: { NO_COLOR: "1", ...environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = this.#child.stdout.getReader();
    this.#read = Promise.all([this.#countLines(), this.#keepTail()]);
    this.#ended = this.#child.status.then((status) => void (this.#status = status));
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#status !== undefined;
  }

  /** How it ended, for a message; `undefined` while it runs. */
  get end(): string | undefined {
    if (this.#status === undefined) return undefined;
    return this.#status.signal ?? `exit code ${this.#status.code}`;
  }

  signal(signal: Deno.Signal): void {
    if (!this.hasEnded) this.#child.kill(signal);
  }

  async isReady(): Promise<boolean> {
    try {
      const response = await this.#get("/readyz");
      await response.body?.cancel();
      return response.status === 200;
    } catch {
      // It does not listen yet, or no longer.
      return false;
    }
  }

  async metrics(): Promise<Scrape> {
    return new Scrape(await (await this.#get("/metrics")).text());
  }

  /** Has it read its config again; returns why it refuses to, or `undefined`. */
  async reload(): Promise<string | undefined> {
    const signal = AbortSignal.timeout(60_000);
    const response = await fetch(`http://${this.#admin}/api/reload`, {
      method: "POST",
      headers: this.#headers,
      signal,
    });
    const text = await response.text();
    return response.status === 200 ? undefined : text.trim();
  }

  /** Closes the pipe that its stdout goes to. */
  async closeStdout(): Promise<void> {
    await this.#stdout.cancel();
  }

  /** Ends it by SIGTERM, and by SIGKILL after a while; returns how it ended. */
  async stop(patienceMs = 15_000): Promise<string> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), patienceMs);
    await this.#ended;
    clearTimeout(timer);
    await this.#read;
    return this.end ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGCONT");
    await this.stop();
  }

  #get(path: string): Promise<Response> {
    return fetch(`http://${this.#admin}${path}`, {
      headers: this.#headers,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  }

  async #countLines(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for (let read = await this.#stdout.read(); !read.done; read = await this.#stdout.read()) {
      const lines = `${rest}${decoder.decode(read.value, { stream: true })}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const reason = /"reason":"([a-z_]+)"/.exec(line)?.[1];
        if (reason === undefined) continue;
        this.lines++;
        this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
      }
    }
  }

  async #keepTail(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.tail = (this.tail + text).slice(-TAIL_CHARS);
    }
  }
}

function programWords({ engine, main: other }: ProxyProcessOptions): string[] {
  if (BINARY !== undefined && other === undefined) return [BINARY];
  const main = fileURLToPath(other ?? new URL("../../../main.ts", import.meta.url));
  const ffi = engine === "native" ? ["--allow-ffi"] : [];
  const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", ...ffi];
  return [Deno.execPath(), "run", "--quiet", "--no-prompt", `--v8-flags=${V8_FLAGS}`, ...permissions, main];
}
