import { treeMemoryBytes } from "../../bench/system/proc.ts";
import { missingPrograms, programPath } from "../../bench/system/programs.ts";
import { type Engine, ProxyProcess } from "../helpers/programs/proxy_process.ts";
import type { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { descriptorsOf } from "../soak/samples.ts";
import type { Plan } from "./plan.ts";
import { haproxyConfig, nginxConfig, Peer } from "./peer.ts";
import type { Counts, Running } from "./running.ts";

/** A proxy under test. */
export interface Subject {
  readonly id: SubjectId;
  missing(): boolean;
  start(plan: Plan, folder: TemporaryFolder): Promise<Running>;
}

export const SUBJECT_IDS = ["runtime", "native", "haproxy", "nginx"] as const;
export type SubjectId = typeof SUBJECT_IDS[number];

/** Every subject, by its id. */
export const SUBJECTS: Readonly<Record<SubjectId, Subject>> = {
  runtime: own("runtime"),
  native: own("native"),
  haproxy: {
    id: "haproxy",
    missing: () => missingPrograms(["haproxy"]).length > 0,
    start: async (plan, folder) => {
      const config = await folder.write("haproxy.cfg", haproxyConfig(plan));
      return Peer.start(plan, [programPath("haproxy"), "-W", "-db", "-f", config], "SIGUSR2");
    },
  },
  nginx: {
    id: "nginx",
    missing: () => missingPrograms(["nginx", "nginx-stream"]).length > 0,
    start: async (plan, folder) => {
      const config = await folder.write("nginx.conf", nginxConfig(plan, folder));
      const words = [programPath("nginx"), "-p", folder.path, "-e", "stderr", "-c", config];
      return Peer.start(plan, words, "SIGHUP");
    },
  },
};

function own(engine: Engine): Subject {
  return {
    id: engine,
    missing: () => engine === "native" && Deno.build.os !== "linux",
    start: async (plan, folder) => {
      const write = (round: number): Promise<string> => folder.config(ownConfig(plan, folder, round));
      if (plan.token !== undefined) {
        await Deno.chmod(await folder.write("token", plan.token), 0o600);
      }
      const config = await write(0);
      const { admin, token, prefix, environment, main } = plan;
      const proxy = await ProxyProcess.start({
        config,
        engine,
        admin,
        prefix,
        environment,
        ...(token === undefined ? {} : { token }),
        ...(main === undefined ? {} : { main }),
      });
      return new Own(proxy, write);
    },
  };
}

function ownConfig(plan: Plan, folder: TemporaryFolder, round: number): Record<string, unknown> {
  return {
    workers: plan.workers,
    admin: {
      listen: plan.admin,
      ...(plan.token === undefined ? {} : { "token_file": folder.file("token") }),
    },
    log: { format: "json", access: plan.log === "stdout" ? true : plan.log.file },
    shutdown: { "drain_timeout": "2s" },
    apps: [{
      name: "app",
      listen: [`${plan.host}:${plan.port}`],
      // Weights change at a reload, so that there is something to do.
      targets: plan.targets.map((address, index) => ({ address, weight: index === 0 ? round % 2 + 1 : 1 })),
      balance: "round_robin",
      "connect_timeout": `${plan.connectS}s`,
      "connect_deadline": `${plan.connectS * 4}s`,
      "idle_timeout": `${plan.idleS}s`,
      "half_close_timeout": `${plan.idleS}s`,
      ...plan.app,
    }],
  };
}

class Own implements Running {
  readonly #proxy: ProxyProcess;
  readonly #write: (round: number) => Promise<string>;

  constructor(proxy: ProxyProcess, write: (round: number) => Promise<string>) {
    this.#proxy = proxy;
    this.#write = write;
  }

  get pid(): number {
    return this.#proxy.pid;
  }

  get end(): string | undefined {
    return this.#proxy.end;
  }

  pids(): number[] {
    return [this.pid];
  }

  memoryMib(): number {
    return treeMemoryBytes([this.pid]) / 1024 ** 2;
  }

  descriptors(): number {
    return descriptorsOf(this.pid);
  }

  async counts(): Promise<Counts> {
    const scrape = await this.#proxy.metrics();
    return {
      accepted: scrape.sum("tcpproxy_connections_accepted_total"),
      ended: scrape.sum("tcpproxy_connections_total"),
      active: scrape.sum("tcpproxy_connections_active"),
    };
  }

  async reload(round: number): Promise<string | undefined> {
    await this.#write(round);
    return await this.#proxy.reload();
  }

  closeLog(): Promise<void> {
    return this.#proxy.closeStdout();
  }

  async stop(): Promise<{ end: string; tail: string }> {
    const end = await this.#proxy.stop();
    return { end, tail: this.#proxy.tail };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
  }
}
