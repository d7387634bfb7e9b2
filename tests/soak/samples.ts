import { parseKilobytes, parseProcessStat, readIfThere } from "../../bench/system/proc.ts";
import type { ProxyProcess } from "../helpers/programs/proxy_process.ts";
import type { Scrape } from "../helpers/scrape.ts";
import type { Mix } from "./mix.ts";

/** What was seen at one moment, and since the moment before. */
export interface Sample {
  readonly atS: number;
  readonly rssMib: number;
  readonly descriptors: number;
  readonly sessions: number;
  /** Latency of short requests, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same without the proxy. */
  readonly directP99Ms: number;
  /** 99th percentile of how late timers fired, of the thread where that is worst; ms, an upper bound. */
  readonly loopDelayMs: number;
  /** CPU time per second, in hundredths of a core: of the proxy, and of this process with all servers in it. */
  readonly cpu: number;
  readonly ownCpu: number;
  readonly visitsPerS: number;
}

/** Takes samples of a proxy and its traffic. */
export class Sampler {
  readonly samples: Sample[] = [];
  readonly #proxy: ProxyProcess;
  readonly #mix: Mix;
  readonly #startedMs = performance.now();
  #last = { atMs: performance.now(), cpu: 0, ownCpu: 0, finished: 0 };
  #delays = new Map<string, Map<number, number>>();

  constructor(proxy: ProxyProcess, mix: Mix) {
    this.#proxy = proxy;
    this.#mix = mix;
    this.#last = { ...this.#last, cpu: cpuSeconds(proxy.pid), ownCpu: cpuSeconds(Deno.pid) };
  }

  async take(): Promise<void> {
    const scrape = await this.#proxy.metrics();
    const atMs = performance.now();
    const cpu = cpuSeconds(this.#proxy.pid);
    const ownCpu = cpuSeconds(Deno.pid);
    const { finished } = this.#mix;
    const seconds = Math.max(0.001, (atMs - this.#last.atMs) / 1000);
    const latency = this.#mix.takeLatency();
    this.samples.push({
      atS: (atMs - this.#startedMs) / 1000,
      rssMib: residentMib(this.#proxy.pid),
      descriptors: descriptorsOf(this.#proxy.pid),
      sessions: scrape.sum("tcpproxy_connections_active"),
      p50Ms: latency.proxied.quantile(0.5),
      p99Ms: latency.proxied.quantile(0.99),
      directP99Ms: latency.direct.quantile(0.99),
      loopDelayMs: this.#loopDelayMs(scrape),
      cpu: (cpu - this.#last.cpu) / seconds * 100,
      ownCpu: (ownCpu - this.#last.ownCpu) / seconds * 100,
      visitsPerS: (finished - this.#last.finished) / seconds,
    });
    this.#last = { atMs, cpu, ownCpu, finished };
  }

  #loopDelayMs(scrape: Scrape): number {
    const now = scrape.buckets("tcpproxy_event_loop_delay_seconds", "thread");
    let worst = 0;
    for (const [thread, counts] of now) {
      const before = this.#delays.get(thread);
      const total = (counts.get(Infinity) ?? 0) - (before?.get(Infinity) ?? 0);
      // A thread that began at a reload has fewer than the one of its name before.
      const base = total < 0 ? undefined : before;
      const all = (counts.get(Infinity) ?? 0) - (base?.get(Infinity) ?? 0);
      const bounds = [...counts.keys()].sort((a, b) => a - b);
      const bound = bounds.find((each) => (counts.get(each) ?? 0) - (base?.get(each) ?? 0) >= all * 0.99);
      if (all > 0 && bound !== undefined && Number.isFinite(bound)) worst = Math.max(worst, bound * 1000);
    }
    this.#delays = now;
    return worst;
  }
}

/** Resident memory of a process, MiB. */
export function residentMib(pid: number): number {
  return parseKilobytes(readIfThere(`/proc/${pid}/status`) ?? "", "VmRSS") / 1024;
}

/** Open descriptors of a process; 0 for one that is gone. */
export function descriptorsOf(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    // It has ended.
    return 0;
  }
}

function cpuSeconds(pid: number): number {
  const text = readIfThere(`/proc/${pid}/stat`);
  return text === undefined ? 0 : parseProcessStat(text).cpuSeconds;
}
