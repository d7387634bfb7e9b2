import { processTree, treeMemoryBytes } from "../../bench/system/proc.ts";
import { findStreamModule } from "../../bench/system/programs.ts";
import type { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { descriptorsOf } from "../soak/samples.ts";
import type { Plan } from "./plan.ts";
import type { Running } from "./running.ts";

const PEER_READY_MS = 20_000;

/** HAProxy, or nginx: a master process with one worker. Disposing of it ends both. */
export class Peer implements Running {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;
  readonly #read: Promise<unknown>;
  readonly #reloadSignal: Deno.Signal;
  readonly #ended: Promise<void>;
  #status: Deno.CommandStatus | undefined;
  #tail = "";

  static async start(plan: Plan, words: readonly string[], reloadSignal: Deno.Signal): Promise<Peer> {
    const [command = "", ...args] = [...plan.prefix, ...words];
    const child = new Deno.Command(command, {
      args,
      env: { ...plan.environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const peer = new Peer(child, reloadSignal);
    const endsAtMs = performance.now() + PEER_READY_MS;
    while (!await accepts(plan)) {
      if (peer.end !== undefined || performance.now() > endsAtMs) {
        const { end, tail } = await peer.stop();
        throw new Error(`start ${words[0]}: it does not listen (${end}): ${tail}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return peer;
  }

  private constructor(child: Deno.ChildProcess, reloadSignal: Deno.Signal) {
    this.#child = child;
    this.#reloadSignal = reloadSignal;
    this.#stdout = child.stdout.getReader();
    this.#read = Promise.all([this.#drain(), this.#keepTail()]);
    this.#ended = child.status.then((status) => void (this.#status = status));
  }

  get pid(): number {
    return this.#child.pid;
  }

  get end(): string | undefined {
    if (this.#status === undefined) return undefined;
    return this.#status.signal ?? `exit code ${this.#status.code}`;
  }

  pids(): number[] {
    return processTree([this.pid]).map(({ pid }) => pid);
  }

  memoryMib(): number {
    return treeMemoryBytes([this.pid]) / 1024 ** 2;
  }

  descriptors(): number {
    return this.pids().reduce((sum, pid) => sum + descriptorsOf(pid), 0);
  }

  counts(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  reload(): Promise<undefined> {
    if (this.#status === undefined) this.#child.kill(this.#reloadSignal);
    return Promise.resolve(undefined);
  }

  async closeLog(): Promise<void> {
    await this.#stdout.cancel();
  }

  async stop(): Promise<{ end: string; tail: string }> {
    const tree = this.pids();
    if (this.#status === undefined) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => {
      for (const pid of tree) kill(pid, "SIGKILL");
    }, 3000);
    await this.#ended;
    clearTimeout(timer);
    for (const pid of tree) kill(pid, "SIGKILL");
    await this.#read;
    return { end: this.end ?? "", tail: this.#tail };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.pids()) kill(pid, "SIGCONT");
    await this.stop();
  }

  async #drain(): Promise<void> {
    while (!(await this.#stdout.read()).done);
  }

  async #keepTail(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#tail = (this.#tail + text).slice(-2000);
    }
  }
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    // It has ended.
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}

async function accepts({ host, port }: Plan): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: host, port });
    return true;
  } catch {
    // Not yet.
    return false;
  }
}

/** HAProxy's config for a plan. */
export function haproxyConfig(plan: Plan): string {
  const bind = plan.app["tls"] === undefined ? "" : ` ssl crt ${certificateOf(plan)}`;
  const accept = plan.app["proxy_protocol"] === undefined ? "" : " accept-proxy";
  return `global
  log stdout format raw local0
  nbthread 1
  maxconn 4000
defaults
  mode tcp
  log global
  option tcplog
  option redispatch 1
  retries 3
  timeout connect ${plan.connectS}s
  timeout client ${plan.idleS}s
  timeout server ${plan.idleS}s
listen app
  bind ${plan.host}:${plan.port}${bind}${accept}
${plan.targets.map((target, index) => `  server t${index} ${target}`).join("\n")}
`;
}

/** nginx's config for a plan. */
export function nginxConfig(plan: Plan, folder: TemporaryFolder): string {
  const tls = plan.app["tls"];
  const certificate = tls === undefined
    ? ""
    : `ssl_certificate ${certificateOf(plan)}; ssl_certificate_key ${certificateOf(plan)};`;
  const accept = plan.app["proxy_protocol"] === undefined ? "" : " proxy_protocol";
  const log = plan.log === "stdout" ? "/dev/stdout" : plan.log.file;
  return `load_module ${findStreamModule()};
daemon off;
user root;
pid ${folder.file("nginx.pid")};
worker_processes 1;
events { worker_connections 8000; }
stream {
  log_format line '$remote_addr $status $bytes_sent';
  access_log ${log} line;
  proxy_connect_timeout ${plan.connectS}s;
  proxy_timeout ${plan.idleS}s;
  proxy_half_close on;
  preread_timeout ${plan.idleS}s;
  upstream app {
${plan.targets.map((target) => `    server ${target} max_fails=0;`).join("\n")}
  }
  server {
    listen ${plan.host}:${plan.port}${tls === undefined ? "" : " ssl"}${accept} backlog=4096;
    ${certificate}
    proxy_pass app;
  }
}
`;
}

/** The file with certificate and key, for peers. */
function certificateOf({ environment }: Plan): string {
  return environment["CHAOS_CERTIFICATE"] ?? "";
}
