/**
 * Reloads of a running program under load: new connections by wrk, long transfers of which every byte is compared, TLS
 * handshakes, while reloads change targets, renew certificates and add and remove apps, ports and targets.
 *
 * As a program, the proof at length: `reload_load.ts [SECONDS [RELOADS [WORKERS]]]`, by default 60 s with 50 reloads.
 *
 * @module
 */
import { connectTo, exchange, readExactly, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { withNginxHttp } from "../helpers/servers/nginx.ts";
import { type Program, program } from "../helpers/programs/program.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { connectTls } from "../helpers/tls/tls_client.ts";
import { TlsLab } from "../helpers/tls/tls_lab.ts";
import { until } from "../helpers/until.ts";

export interface ReloadLoadOptions {
  readonly seconds: number;
  readonly reloads: number;
  readonly workers: number;
  /** Whether the program can end TLS. */
  readonly tls: boolean;
}

/** What was seen. */
export interface ReloadLoadReport {
  readonly reloads: number;
  /** The messages of reloads that were refused. */
  readonly refused: readonly string[];
  /** What wrk counted: requests, each on a connection of its own, and those that failed in any way. */
  readonly requests: number;
  readonly failedRequests: number;
  /** Bytes of long transfers, each way. */
  readonly transferred: number;
  readonly handshakes: number;
  /** Connections to apps that come and go, while they are there. */
  readonly passing: number;
  /** What went wrong with clients other than wrk. */
  readonly failures: readonly string[];
  /** Connections of the apps that stay: accepted and ended by the metrics, and lines of the access log. */
  readonly accepted: number;
  readonly ended: number;
  readonly logged: number;
  /** Reasons in the access log of the apps that stay. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Resident memory after the first fifth of the reloads, and at the end. */
  readonly earlyMib: number;
  readonly lateMib: number;
}

const TRANSFERS = 4;
const CHUNK_BYTES = 64 * 1024;

/** Runs the load and gives what was seen; the caller judges. */
export async function reloadUnderLoad(options: ReloadLoadOptions): Promise<ReloadLoadReport> {
  await using folder = new TemporaryFolder();
  using lab = new TlsLab();
  await using echoing = new TestTarget(echo);
  await using other = new TestTarget(echo);
  const ports = { web: freePort(), pipe: freePort(), tls: freePort(), extra: freePort(), admin: freePort() };
  const failures: string[] = [];
  let report: ReloadLoadReport | undefined;
  await withNginxHttp(async (http) => {
    const write = (round: number): Promise<string> =>
      folder.config(configOf(round, { options, ports, http, lab, echoing, other }));
    const config = await write(0);
    await using proxy = program(["-c", config]);
    await proxy.waitFor("the admin API is on");
    await proxy.ready();
    const load = new Load(options, { proxy, ports, lab, failures });
    const wrk = load.wrk();
    const clients = load.clients();
    let earlyMib = 0;
    const pauseMs = options.seconds * 1000 / (options.reloads + 1);
    for (let round = 1; round <= options.reloads; round++) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (options.tls) renewLeaf(lab);
      await write(round);
      await load.reload(round);
      if (round % 2 === 1) await load.pass(ports.extra);
      if (round === Math.ceil(options.reloads / 5)) earlyMib = residentMib(proxy.pid);
    }
    const { requests, failed } = await wrk;
    load.stop();
    await clients;
    const lateMib = residentMib(proxy.pid);
    const counted = await load.counted();
    await proxy.stop();
    report = {
      reloads: options.reloads,
      refused: load.refused,
      requests,
      failedRequests: failed,
      transferred: load.transferred,
      handshakes: load.handshakes,
      passing: load.passing,
      failures,
      ...counted,
      ...logOf(proxy),
      earlyMib,
      lateMib,
    };
  });
  if (report === undefined) throw new Error("reload under load: it gave no report");
  return report;
}

type Ports = Readonly<Record<"web" | "pipe" | "tls" | "extra" | "admin", number>>;

interface Setting {
  readonly options: ReloadLoadOptions;
  readonly ports: Ports;
  /** The port of the HTTP server. */
  readonly http: number;
  readonly lab: TlsLab;
  readonly echoing: TestTarget;
  readonly other: TestTarget;
}

/** The config of one round: apps that stay have other targets and limits each time, one more is there every other time. */
function configOf(round: number, { options, ports, http, lab, echoing, other }: Setting): unknown {
  const isOdd = round % 2 === 1;
  const at = (port: number): string[] => [`127.0.0.1:${port}`];
  return {
    workers: options.workers,
    log: { format: "json", access: true },
    admin: { listen: `127.0.0.1:${ports.admin}` },
    shutdown: { "drain_timeout": "5s" },
    apps: [
      {
        name: "web",
        listen: at(ports.web),
        targets: isOdd
          ? [{ address: `127.0.0.1:${http}`, weight: round % 7 + 1 }]
          : [`127.0.0.1:${http}`, { address: `127.0.0.2:${http}`, weight: 2 }],
        "idle_timeout": `${round + 1}m`,
      },
      { name: "pipe", listen: at(ports.pipe), targets: [isOdd ? other.address : echoing.address] },
      ...(options.tls
        ? [{
          name: "tls",
          listen: at(ports.tls),
          targets: [echoing.address],
          tls: { certificates: [{ cert: lab.local.certFile, key: lab.local.keyFile }] },
        }]
        : []),
      ...(isOdd ? [{ name: `extra-${round % 3}`, listen: at(ports.extra), targets: [other.address] }] : []),
    ],
  };
}

/** Writes another certificate of the same CA over the lab's own. */
function renewLeaf(lab: TlsLab): void {
  lab.folder.make("local", { altNames: "DNS:localhost,IP:127.0.0.1", issuer: lab.ca });
}

interface LoadParts {
  readonly proxy: Program;
  readonly ports: Ports;
  readonly lab: TlsLab;
  readonly failures: string[];
}

class Load {
  readonly refused: string[] = [];
  transferred = 0;
  handshakes = 0;
  passing = 0;
  readonly #options: ReloadLoadOptions;
  readonly #parts: LoadParts;
  #isOver = false;

  constructor(options: ReloadLoadOptions, parts: LoadParts) {
    this.#options = options;
    this.#parts = parts;
  }

  stop(): void {
    this.#isOver = true;
  }

  /** New connections, one for each request. */
  async wrk(): Promise<{ requests: number; failed: number }> {
    const { seconds } = this.#options;
    const { stdout } = await new Deno.Command("wrk", {
      args: ["-t1", "-c8", `-d${seconds}s`, "-H", "Connection: close", this.#url("web", "/")],
      stdin: "null",
      stderr: "inherit",
    }).output();
    const text = new TextDecoder().decode(stdout);
    const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
    const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(
      1,
    );
    const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
    return { requests, failed: bad + (errors ?? []).reduce((sum, count) => sum + Number(count), 0) };
  }

  /** Long transfers, and handshakes one after the other, until {@link Load.stop}. */
  async clients(): Promise<void> {
    const { pipe, tls } = this.#parts.ports;
    const transfers = Array.from(
      { length: TRANSFERS },
      (_, index) => this.#noting(`transfer ${index}`, () => this.#transfer(pipe, index)),
    );
    const handshakes = this.#options.tls ? [this.#noting("handshake", () => this.#handshake(tls))] : [];
    await Promise.all([...transfers, ...handshakes]);
  }

  /** Puts the config's file into effect, and notes where that is refused. */
  async reload(round: number): Promise<void> {
    const response = await fetch(this.#url("admin", "/api/reload"), { method: "POST" });
    const text = await response.text();
    if (response.status !== 200) this.refused.push(`reload ${round}: ${text.trim()}`);
  }

  /** One connection to an app that is there for this round alone. */
  pass(port: number): Promise<void> {
    return this.#noting("passing app", async () => {
      using client = await connectTo(port);
      await exchange(client, new TextEncoder().encode("hello"));
      this.passing++;
    });
  }

  /** What the metrics count of the apps that stay, when no connection is open any more. */
  async counted(): Promise<{ accepted: number; ended: number }> {
    let text = "";
    const sum = (metric: string): number => {
      const lines = text.matchAll(new RegExp(`^${metric}\\{app="(web|pipe|tls)".*\\} (\\d+)$`, "gm"));
      return [...lines].reduce((total, [, , value]) => total + Number(value), 0);
    };
    await until(async () => {
      text = await (await fetch(this.#url("admin", "/metrics"))).text();
      return sum("tcpproxy_connections_active") === 0;
    });
    return {
      accepted: sum("tcpproxy_connections_accepted_total"),
      ended: sum("tcpproxy_connections_total"),
    };
  }

  /** Sends bytes of its own for as long as the load lasts, and compares what comes back. */
  async #transfer(port: number, seed: number): Promise<void> {
    using client = await connectTo(port);
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let round = 0; !this.#isOver; round++) {
      for (let at = 0; at < chunk.length; at++) {
        chunk[at] = (seed * 31 + round * 7 + at * (round % 13 + 1)) & 255;
      }
      await writeAll(client, chunk);
      const back = await readExactly(client, chunk.length);
      const wrong = back.findIndex((byte, at) => byte !== chunk[at]);
      if (wrong >= 0) throw new Error(`byte ${this.transferred + wrong} is not the one that was sent`);
      this.transferred += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #handshake(port: number): Promise<void> {
    while (!this.#isOver) {
      const { conn } = await connectTls(port, { ca: this.#parts.lab.ca.cert });
      try {
        await writeAll(conn, new TextEncoder().encode("hello"));
        await readExactly(conn, 5);
        this.handshakes++;
      } finally {
        conn.close();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #noting(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#parts.failures.push(`${what}: ${error instanceof Error ? error.message : error}`);
    }
  }

  #url(port: keyof Ports, path: string): string {
    return `http://127.0.0.1:${this.#parts.ports[port]}${path}`;
  }
}

/** What the access log shows. */
function logOf({ lines }: Program): Pick<ReloadLoadReport, "logged" | "reasons"> {
  const reasons: Record<string, number> = {};
  let logged = 0;
  for (const line of lines) {
    const { app, reason } = JSON.parse(line);
    if (String(app).startsWith("extra")) continue;
    logged++;
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  return { logged, reasons };
}

function residentMib(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) / 1024);
}

async function main([seconds = 60, reloads = 50, workers = 1]: readonly number[]): Promise<void> {
  const report = await reloadUnderLoad({ seconds, reloads, workers, tls: true });
  // deno-lint-ignore no-console
  console.log(JSON.stringify(report, undefined, 2));
}

if (import.meta.main) void main(Deno.args.map(Number));
