/**
 * Upgrades of a running program under load: new connections by wrk, transfers of which every byte is compared and that
 * outlast an upgrade, and scrapes of the metrics, while processes follow each other.
 *
 * As a program, the proof at length: `upgrade_load.ts [UPGRADES [WORKERS]]`, by default 50 with 2 workers.
 *
 * @module
 */
import { connectTo, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { ALL_PERMISSIONS, type Program, program } from "../helpers/programs/program.ts";
import { withNginxHttp } from "../helpers/servers/nginx.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { until } from "../helpers/until.ts";

export interface UpgradeLoadOptions {
  readonly upgrades: number;
  readonly workers: number;
}

/** What was seen. */
export interface UpgradeLoadReport {
  readonly upgrades: number;
  /** Processes that have had connections, the first included. */
  readonly processes: number;
  /** What wrk counted: requests, each on a connection of its own, and those that failed in any way. */
  readonly requests: number;
  readonly failedRequests: number;
  /** Streams that were opened before an upgrade and ended after it, in the process that drained, every byte compared. */
  readonly streams: number;
  /** Bytes of streams, each way. */
  readonly transferred: number;
  /** Scrapes of the metrics, each on a connection of its own, those that failed, and the slowest. */
  readonly scrapes: number;
  readonly failedScrapes: number;
  readonly slowestScrapeMs: number;
  /** What went wrong with upgrades and streams. */
  readonly failures: readonly string[];
  /** Connections accepted and ended by the counters of all processes, and lines of the access log. */
  readonly accepted: number;
  readonly ended: number;
  readonly logged: number;
  /** Lines of the access log that are there twice. */
  readonly repeated: number;
  /** Reasons in the access log. */
  readonly reasons: Readonly<Record<string, number>>;
}

const STREAMS = 3;
const CHUNK_BYTES = 32 * 1024;

/** Chunks that a stream exchanges after the upgrade that it outlasts. */
const CHUNKS_AFTER = 5;

/** How long wrk may run at most; it gets a signal to end before. */
const WRK_LIMIT = "1800s";

/** Runs the load and gives what was seen; the caller judges. */
export async function upgradeUnderLoad(options: UpgradeLoadOptions): Promise<UpgradeLoadReport> {
  await using folder = new TemporaryFolder();
  await using echoing = new TestTarget(echo);
  const ports = { web: freePort(), pipe: freePort(), admin: freePort() };
  const log = folder.file("access.log");
  let report: UpgradeLoadReport | undefined;
  await withNginxHttp(async (http) => {
    const config = await folder.config({
      engine: "native",
      workers: options.workers,
      log: { format: "json", access: log },
      admin: { listen: `127.0.0.1:${ports.admin}` },
      shutdown: { "drain_timeout": "60s" },
      apps: [
        { name: "web", listen: [`127.0.0.1:${ports.web}`], targets: [`127.0.0.1:${http}`] },
        { name: "pipe", listen: [`127.0.0.1:${ports.pipe}`], targets: [echoing.address] },
      ],
    });
    await using first = program(["-c", config], { permissions: [...ALL_PERMISSIONS, "--allow-ffi"] });
    await using processes = new Processes(first);
    await first.ready();
    const load = new Load(ports, processes);
    const clients = load.clients();
    const wrk = load.wrk();
    for (let round = 1; round <= options.upgrades; round++) {
      await processes.upgrade(round, ports.admin);
      load.upgrades = round;
      await load.survived(round);
    }
    const { requests, failed } = await wrk.end();
    load.stop();
    await clients;
    // Each process counts in its last words, so that the last one with load is replaced too.
    await processes.upgrade(options.upgrades + 1, ports.admin);
    await first.waitFor("connections accepted,", options.upgrades + 1);
    await processes.stop();
    report = {
      upgrades: options.upgrades,
      processes: processes.pids().length - 1,
      requests,
      failedRequests: failed,
      streams: load.streams,
      transferred: load.transferred,
      scrapes: load.scrapes,
      failedScrapes: load.failedScrapes,
      slowestScrapeMs: Math.round(load.slowestScrapeMs),
      failures: [...processes.failures, ...load.failures],
      ...processes.counted(),
      ...logged(await Deno.readTextFile(log)),
    };
  });
  if (report === undefined) throw new Error("upgrades under load: they gave no report");
  return report;
}

/** The program's processes, of which only the first is a child of this one. Disposing of it ends those that still run. */
class Processes implements AsyncDisposable {
  readonly failures: string[] = [];
  readonly #first: Program;

  constructor(first: Program) {
    this.#first = first;
  }

  /** All that have run, the latest last. */
  pids(): number[] {
    const started = this.#first.stderr.matchAll(/upgrade \([^)]*\): started process (\d+):/g);
    return [this.#first.pid, ...[...started].map(([, pid]) => Number(pid))];
  }

  /** Replaces the latest one, in one of the two ways to ask for it; resolves when the next one serves. */
  async upgrade(round: number, adminPort: number): Promise<void> {
    const pid = this.pids().at(-1) ?? 0;
    if (round % 2 === 1) {
      const { status, text } = await request(adminPort, "POST", "/api/upgrade");
      if (status !== 200) this.failures.push(`upgrade ${round}: ${status} ${text}`);
    } else Deno.kill(pid, "SIGUSR2");
    await this.#first.waitFor("took over from process ", round);
  }

  /** What those that were replaced have counted, by their last words. */
  counted(): { accepted: number; ended: number } {
    const sum = { accepted: 0, ended: 0 };
    for (
      const [, accepted, ended] of this.#first.stderr.matchAll(/(\d+) connections accepted, (\d+) ended/g)
    ) {
      sum.accepted += Number(accepted);
      sum.ended += Number(ended);
    }
    return sum;
  }

  /** Ends the latest one; resolves when none runs any more. */
  async stop(): Promise<void> {
    Deno.kill(this.pids().at(-1) ?? 0, "SIGTERM");
    // The streams of all processes are those of the first one.
    await this.#first.code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.pids().slice(1)) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It has ended, as it should.
      }
    }
    await Promise.resolve();
  }
}

type Ports = Readonly<Record<"web" | "pipe" | "admin", number>>;

/** The clients. */
class Load {
  readonly failures: string[] = [];
  /** How many upgrades are done. */
  upgrades = 0;
  streams = 0;
  transferred = 0;
  scrapes = 0;
  failedScrapes = 0;
  slowestScrapeMs = 0;
  readonly #ports: Ports;
  readonly #processes: Processes;
  /** By upgrade, how many streams have outlasted it. */
  readonly #outlasted = new Map<number, number>();
  #isOver = false;

  constructor(ports: Ports, processes: Processes) {
    this.#ports = ports;
    this.#processes = processes;
  }

  stop(): void {
    this.#isOver = true;
  }

  /** New connections, one for each request, until a signal ends it. */
  wrk(): { end(): Promise<{ requests: number; failed: number }> } {
    const child = new Deno.Command("wrk", {
      args: [
        "-t1",
        "-c8",
        `-d${WRK_LIMIT}`,
        "-H",
        "Connection: close",
        `http://127.0.0.1:${this.#ports.web}/`,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = child.output();
    return {
      end: async () => {
        child.kill("SIGINT");
        const text = new TextDecoder().decode((await output).stdout);
        const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
        const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)
          ?.slice(1) ?? [];
        const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
        return { requests, failed: bad + errors.reduce((sum, count) => sum + Number(count), 0) };
      },
    };
  }

  /** Streams and scrapes, until {@link Load.stop}. */
  async clients(): Promise<void> {
    await Promise.all([
      ...Array.from(
        { length: STREAMS },
        (_, index) => this.#noting(`stream ${index}`, () => this.#pipe(index)),
      ),
      this.#scrape(),
    ]);
  }

  /** Resolves when a stream of the process before has gone on past this upgrade, and ended. */
  async survived(upgrade: number): Promise<void> {
    await until(() => (this.#outlasted.get(upgrade) ?? 0) > 0 || this.failures.length > 0);
  }

  /** One stream after the other, each through an upgrade. */
  async #pipe(index: number): Promise<void> {
    while (!this.#isOver) {
      const upgrade = this.upgrades + 1;
      const before = this.#processes.pids().length;
      using client = await connectTo(this.#ports.pipe);
      let after = 0;
      for (let round = 0; after < CHUNKS_AFTER && !this.#isOver; round++) {
        const chunk = pattern(index, round);
        await writeAll(client, chunk);
        const back = await readExactly(client, chunk.length);
        const wrong = back.findIndex((byte, at) => byte !== chunk[at]);
        if (wrong >= 0) {
          throw new Error(`byte ${wrong} of chunk ${round} is not the one that was sent`);
        }
        this.transferred += chunk.length;
        if (this.upgrades >= upgrade) after++;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await client.closeWrite();
      const end = await readToEnd(client);
      if (end !== "fin") throw new Error(`it ended with ${end}`);
      // One that was opened while the next process already accepted may be that one's.
      const wasBefore = before === upgrade;
      if (after < CHUNKS_AFTER || !wasBefore) continue;
      this.streams++;
      this.#outlasted.set(upgrade, (this.#outlasted.get(upgrade) ?? 0) + 1);
    }
  }

  async #scrape(): Promise<void> {
    while (!this.#isOver) {
      const startMs = performance.now();
      try {
        const { status } = await request(this.#ports.admin, "GET", "/metrics");
        if (status !== 200) throw new Error(`status ${status}`);
      } catch (error) {
        this.failedScrapes++;
        if (this.failures.length < 10) {
          this.failures.push(`scrape: ${error instanceof Error ? error.message : error}`);
        }
      }
      this.scrapes++;
      this.slowestScrapeMs = Math.max(this.slowestScrapeMs, performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #noting(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.failures.push(`${what}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function pattern(seed: number, round: number): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (let at = 0; at < chunk.length; at++) chunk[at] = (seed * 31 + round * 7 + at * (round % 13 + 1)) & 255;
  return chunk;
}

/** A request on a connection of its own. */
async function request(
  port: number,
  method: string,
  path: string,
): Promise<{ status: number; text: string }> {
  using conn = await connectTo(port);
  const head =
    `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  await new Blob([head]).stream().pipeTo(conn.writable, { preventClose: true });
  const text = await new Response(conn.readable).text();
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
  return { status: Number(status ?? 0), text };
}

function logged(text: string): Pick<UpgradeLoadReport, "logged" | "repeated" | "reasons"> {
  const reasons: Record<string, number> = {};
  let logged = 0;
  const lines = text.split("\n").slice(0, -1);
  for (const line of lines) {
    const { reason } = JSON.parse(line);
    logged++;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return { logged, repeated: lines.length - new Set(lines).size, reasons };
}

async function main([upgrades = 50, workers = 2]: readonly number[]): Promise<void> {
  const report = await upgradeUnderLoad({ upgrades, workers });
  // deno-lint-ignore no-console
  console.log(JSON.stringify(report, undefined, 2));
}

if (import.meta.main) void main(Deno.args.map(Number));
