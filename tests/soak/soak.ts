/**
 * Mixed traffic for long, every byte of it compared, while reloads and restarts of a target go on.
 *
 * @module
 */
import { seededRandom } from "../helpers/fakes/seeded_random.ts";
import { type Engine, ProxyProcess } from "../helpers/programs/proxy_process.ts";
import { type Latencies, Mix, type WorkloadTally } from "./mix.ts";
import { type Sample, Sampler } from "./samples.ts";
import { Site } from "./site.ts";
import { type Workload, WORKLOADS } from "./workloads/mod.ts";

export interface SoakOptions {
  readonly engine: Engine;
  readonly seconds: number;
  /** Visits per second. */
  readonly rate: number;
  readonly seed: number;
  /** Names of workloads to leave out. */
  readonly without?: readonly string[];
  readonly signal?: AbortSignal;
  /** Called for each sample. */
  onSample?(sample: Sample, mix: Mix): void;
}

export interface SoakReport {
  readonly options: SoakOptions;
  /** How long traffic flowed. */
  readonly seconds: number;
  readonly samples: readonly Sample[];
  readonly tallies: readonly WorkloadTally[];
  readonly latency: Latencies;
  readonly reloads: number;
  readonly restarts: number;
  readonly leftOut: number;
  /** What clients connected, what the proxy accepted and ended, and lines of the access log. */
  readonly connections: number;
  readonly accepted: number;
  readonly ended: number;
  readonly active: number;
  readonly logged: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** Once all clients have left. */
  readonly idle: { readonly rssMib: number; readonly descriptors: number };
  /** Everything that should not have been; empty for a proxy that is all right. */
  readonly faults: readonly string[];
}

/** Points of a plot. */
const SAMPLES = 180;

/** In a run that is long enough; a short one has three of each. */
const RELOAD_EVERY_S = 60;
const RESTART_EVERY_S = 25;
const DOWN_MS = 300;

/** Share of the run after which memory and descriptors are compared with their end. */
const WARM_SHARE = 0.2;
/** Growth that is none: reloads leave a worker of the native engine for as long as its last session lasts. */
const MAX_GROWTH = 1.2;
const MIN_GROWTH_MIB = 40;
const MIN_GROWTH_DESCRIPTORS = 60;

/** Runs the soak to its end, or until the signal. The caller judges by `faults`. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  await using site = await Site.open();
  const config = await site.config(0);
  await using proxy = await ProxyProcess.start({ config, engine: options.engine, admin: site.admin });
  const mix = new Mix({
    rate: options.rate,
    random: seededRandom(options.seed),
    workloads: WORKLOADS.filter((each) => isWanted(each, site, options)),
    site,
  });
  const sampler = new Sampler(proxy, mix);
  const disturbances = new Disturbances(site, proxy, options.seconds);
  const startedMs = performance.now();
  const endsMs = startedMs + options.seconds * 1000;
  const stepMs = Math.max(250, options.seconds * 1000 / SAMPLES);
  mix.start();
  for (let due = startedMs + stepMs; performance.now() < endsMs; due += stepMs) {
    await pause(Math.min(due, endsMs) - performance.now());
    if (proxy.hasEnded || options.signal?.aborted) break;
    await disturbances.tick((performance.now() - startedMs) / 1000);
    await sampler.take();
    const sample = sampler.samples.at(-1);
    if (sample !== undefined) options.onSample?.(sample, mix);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await mix.stop();
  await disturbances.done();
  return await conclude(options, { proxy, mix, sampler, disturbances, seconds });
}

function isWanted(workload: Workload, site: Site, { without = [] }: SoakOptions): boolean {
  return site.has(workload.app) && !without.includes(workload.name);
}

interface Run {
  readonly proxy: ProxyProcess;
  readonly mix: Mix;
  readonly sampler: Sampler;
  readonly disturbances: Disturbances;
  readonly seconds: number;
}

/** Counts what is left, ends the proxy, and judges. */
async function conclude(options: SoakOptions, run: Run): Promise<SoakReport> {
  const { proxy, mix, sampler, disturbances, seconds } = run;
  const faults = [...disturbances.refused, ...mix.failures];
  if (proxy.hasEnded) faults.push(`the process ended (${proxy.end}): ${proxy.tail.slice(-500)}`);
  let [accepted, ended, active] = [0, 0, 0];
  // The last sessions end a moment after their clients have left.
  for (let tries = 0; tries < 50 && !proxy.hasEnded; tries++) {
    const scrape = await proxy.metrics();
    accepted = scrape.sum("tcpproxy_connections_accepted_total");
    ended = scrape.sum("tcpproxy_connections_total");
    active = scrape.sum("tcpproxy_connections_active");
    if (active === 0) break;
    await pause(200);
  }
  await sampler.take().catch(() => {});
  const last = sampler.samples.at(-1);
  const end = await proxy.stop();
  if (end !== "exit code 0") faults.push(`SIGTERM: ${end}; expected exit code 0`);
  if (/panic|Uncaught|internal error/.test(proxy.tail)) faults.push(`stderr: ${proxy.tail.slice(-500)}`);
  if (accepted !== ended + active) {
    faults.push(`accepted ${accepted}, ended ${ended}, active ${active}; expected a sum`);
  }
  if (active !== 0) faults.push(`${active} sessions are left when all clients have gone`);
  if (accepted !== mix.connections) {
    faults.push(`accepted ${accepted} connections; clients opened ${mix.connections}`);
  }
  if (proxy.lines !== accepted) {
    faults.push(`the access log has ${proxy.lines} lines for ${accepted} sessions`);
  }
  faults.push(...growth(sampler.samples));
  return {
    options,
    seconds,
    samples: sampler.samples,
    tallies: mix.tallies,
    latency: mix.latency,
    reloads: disturbances.reloads,
    restarts: disturbances.restarts,
    leftOut: mix.leftOut,
    connections: mix.connections,
    accepted,
    ended,
    active,
    logged: proxy.lines,
    reasons: Object.fromEntries(proxy.reasons),
    idle: { rssMib: last?.rssMib ?? 0, descriptors: last?.descriptors ?? 0 },
    faults,
  };
}

/** Compares the last fifth with the one after the warm-up. */
function growth(samples: readonly Sample[]): string[] {
  const fifth = Math.floor(samples.length * WARM_SHARE);
  if (fifth < 5) return [];
  const early = samples.slice(fifth, 2 * fifth);
  const late = samples.slice(-fifth);
  const faults: string[] = [];
  for (
    const [key, least, unit] of [
      ["rssMib", MIN_GROWTH_MIB, "MiB of memory"],
      ["descriptors", MIN_GROWTH_DESCRIPTORS, "descriptors"],
    ] as const
  ) {
    const [before, after] = [median(early, key), median(late, key)];
    if (after > before * MAX_GROWTH && after > before + least) {
      faults.push(`${after.toFixed(0)} ${unit} in the last fifth; ${before.toFixed(0)} in the second`);
    }
  }
  return faults;
}

function median(samples: readonly Sample[], key: "rssMib" | "descriptors"): number {
  const sorted = samples.map((each) => each[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Reloads and restarts while traffic flows. */
class Disturbances {
  reloads = 0;
  restarts = 0;
  readonly refused: string[] = [];
  readonly #site: Site;
  readonly #proxy: ProxyProcess;
  readonly #reloadEveryS: number;
  readonly #restartEveryS: number;
  #reloadAtS: number;
  #restartAtS: number;
  #restarting: Promise<void> = Promise.resolve();

  constructor(site: Site, proxy: ProxyProcess, seconds: number) {
    this.#site = site;
    this.#proxy = proxy;
    this.#reloadEveryS = Math.min(RELOAD_EVERY_S, seconds / 3);
    this.#restartEveryS = Math.min(RESTART_EVERY_S, seconds / 3);
    this.#reloadAtS = this.#reloadEveryS / 2;
    this.#restartAtS = this.#restartEveryS / 2;
  }

  /** Does what is due. */
  async tick(atS: number): Promise<void> {
    if (atS >= this.#restartAtS) {
      this.#restartAtS += this.#restartEveryS;
      this.restarts++;
      await this.#restarting;
      this.#restarting = this.#site.flaky.restart(DOWN_MS);
      this.#restarting.catch((error) => this.refused.push(`restart a target: ${error}`));
    }
    if (atS < this.#reloadAtS) return;
    this.#reloadAtS += this.#reloadEveryS;
    await this.#site.config(++this.reloads);
    const refused = await this.#proxy.reload();
    if (refused !== undefined) this.refused.push(`reload ${this.reloads}: ${refused}`);
  }

  async done(): Promise<void> {
    await this.#restarting;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
