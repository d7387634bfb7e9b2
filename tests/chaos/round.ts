import { freePort } from "../helpers/free_ports.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { type Door, isServed, serveMany, SteadyClient } from "./client.ts";
import { type Fault, pause, type Scene } from "./fault.ts";
import { LIMITS, type Plan } from "./plan.ts";
import type { Counts, Running } from "./running.ts";
import { type SubjectId, SUBJECTS } from "./subjects.ts";
import { Targets } from "./targets.ts";
import type { Wire } from "./wire.ts";

/** What was seen in one round: one fault, one proxy. */
export interface Round {
  readonly fault: string;
  readonly subject: SubjectId;
  /** Exchanges of clients while the fault lasted, and those that were right. */
  readonly asked: number;
  readonly served: number;
  /** From the fault's end until traffic flowed; absent if it did not, or was not asked. */
  readonly recoveredMs?: number;
  readonly memoryBefore: number;
  readonly memoryAfter: number;
  readonly notes: readonly string[];
  /** Broken promises. */
  readonly broken: readonly string[];
}

export interface RoundOptions {
  readonly holdMs: number;
  /** Exchanges before and after the fault. */
  readonly exchanges: number;
  readonly wire?: Wire;
  /** The longest that a client waits for its reply. Default 4 s. */
  readonly patienceMs?: number;
  /** Whether times count: not where tests run beside it. */
  readonly isTimed: boolean;
}

/** The longest wait for anything to be as it was. */
const PATIENCE_MS = 30_000;
const CLIENT_PATIENCE_MS = 4000;
const MAX_GROWTH = 1.2;
/** A runtime's own slack; for a process of a few MiB a fifth is nothing. */
const SLACK_MIB = 24;
/** Descriptors that a worker leaves for a moment, at a reload. */
const SLACK_DESCRIPTORS = 24;
const ADMIN_TOKEN = "chaos-0123456789abcdef";

/** Runs one fault against one proxy. */
export async function runRound(fault: Fault, subject: SubjectId, options: RoundOptions): Promise<Round> {
  const undos: (() => Promise<void> | void)[] = [];
  const notes: string[] = [];
  const onEnd = (undo: () => Promise<void> | void): void => void undos.push(undo);
  await using folder = new TemporaryFolder();
  const { wire } = options;
  await using targets = new Targets(wire === undefined ? ["127.0.0.1", "127.0.0.1"] : wire.targetHosts);
  try {
    const plan: Plan = {
      host: wire?.proxyHost ?? "127.0.0.1",
      port: freePort(),
      targets: targets.addresses,
      admin: `${wire?.adminHost ?? "127.0.0.1"}:${freePort()}`,
      ...(wire === undefined ? {} : { token: ADMIN_TOKEN }),
      log: "stdout",
      prefix: wire?.prefix ?? [],
      environment: {},
      workers: 1,
      ...LIMITS,
      app: {},
    };
    const { door: speech, ...changes } = await fault.prepare?.(plan, { subject, targets, folder, onEnd }) ??
      {};
    const changed = { ...plan, ...changes };
    await using proxy = await SUBJECTS[subject].start(changed, folder);
    const { patienceMs = CLIENT_PATIENCE_MS } = options;
    const door: Door = { host: plan.host, port: plan.port, patienceMs, ...speech };
    const scene: Scene = {
      subject,
      proxy,
      targets,
      door,
      folder,
      wire,
      holdMs: options.holdMs,
      note: (text) => notes.push(text),
      onEnd,
    };
    const seen = await observe(fault, scene, options);
    return { fault: fault.name, subject, notes, ...seen };
  } finally {
    for (const undo of undos.reverse()) await undo();
  }
}

type Seen = Omit<Round, "fault" | "subject" | "notes">;

async function observe(fault: Fault, scene: Scene, options: RoundOptions): Promise<Seen> {
  const { proxy, door } = scene;
  const broken: string[] = [];
  await serveMany(door, options.exchanges, 20);
  await fault.warmUp?.(scene);
  const before = { memory: proxy.memoryMib(), descriptors: await settled(proxy) };
  const steady = new SteadyClient(door, 50);
  const reloads = fault.reloads === false ? undefined : new Reloads(proxy, options.holdMs / 3);
  await fault.run(scene);
  const endedMs = performance.now();
  const [recoveredMs] = await Promise.all([recovery(proxy, door, endedMs), reloads?.stop()]);
  await steady.stop();
  const { asked, served } = steady;
  if (proxy.end !== undefined) {
    if (!fault.mayEnd) {
      broken.push(`the process ended: ${proxy.end}: ${(await proxy.stop()).tail.slice(-600)}`);
    } else scene.note(`the process ended (${proxy.end})`);
    return { asked, served, memoryBefore: before.memory, memoryAfter: 0, broken };
  }
  if (recoveredMs === undefined) broken.push(`no traffic within ${PATIENCE_MS / 1000} s`);
  else if (options.isTimed && recoveredMs > fault.recoverMs) {
    broken.push(`traffic after ${Math.round(recoveredMs)} ms; promised ${fault.recoverMs}`);
  }
  if (options.isTimed && served < asked * (1 - (fault.mayFail ?? 1))) {
    broken.push(`${asked - served} of ${asked} exchanges failed`);
  }
  const good = await serveMany(door, options.exchanges, 20);
  if (good < options.exchanges) broken.push(`afterwards ${options.exchanges - good} exchanges failed`);
  broken.push(...await leftovers(proxy, before, options));
  const memoryAfter = proxy.memoryMib();
  if (reloads !== undefined && reloads.refused.length > 0) {
    scene.note(`${reloads.refused.length} of ${reloads.asked} reloads refused (${reloads.refused[0]})`);
  }
  const { end, tail } = await proxy.stop();
  if (end !== "exit code 0" && isOwn(scene)) broken.push(`SIGTERM: ${end}: ${tail.slice(-400)}`);
  if (isOwn(scene) && /panicked|error: Uncaught|internal error/.test(tail)) broken.push(tail.slice(-600));
  return {
    asked,
    served,
    ...(recoveredMs === undefined ? {} : { recoveredMs }),
    memoryBefore: before.memory,
    memoryAfter,
    broken,
  };
}

function isOwn({ subject }: Scene): boolean {
  return subject === "runtime" || subject === "native";
}

/** Resolves with its descriptors once its sessions have ended. */
async function settled(proxy: Running): Promise<number> {
  let least = Infinity;
  for (let quiet = 0; quiet < 5;) {
    const now = proxy.descriptors();
    quiet = now < least ? 0 : quiet + 1;
    least = Math.min(least, now);
    await pause(40);
  }
  return least;
}

/** Waits until three exchanges in a row go well; returns how long the first of them took to come after the fault. */
async function recovery(proxy: Running, door: Door, endedMs: number): Promise<number | undefined> {
  let inARow = 0;
  let firstMs = 0;
  while (performance.now() - endedMs < PATIENCE_MS && proxy.end === undefined) {
    const isGood = await isServed(door);
    if (isGood && inARow++ === 0) firstMs = performance.now() - endedMs;
    if (!isGood) inARow = 0;
    if (inARow === 3) return firstMs;
    if (!isGood) await pause(20);
  }
  return undefined;
}

interface Before {
  readonly memory: number;
  readonly descriptors: number;
}

/** What has not gone back to how it was, after a while. */
async function leftovers(proxy: Running, before: Before, options: RoundOptions): Promise<string[]> {
  const endsAtMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = await lookForLeftovers(proxy, before, options);
    if (left.length === 0 || performance.now() > endsAtMs || proxy.end !== undefined) return left;
    await pause(250);
  }
}

async function lookForLeftovers(proxy: Running, before: Before, options: RoundOptions): Promise<string[]> {
  const counts = await proxy.counts();
  const left = counts === undefined ? [] : countFaults(counts);
  const descriptors = proxy.descriptors();
  if (descriptors > before.descriptors + SLACK_DESCRIPTORS) {
    left.push(`${descriptors} descriptors; ${before.descriptors} before`);
  }
  const memory = proxy.memoryMib();
  if (options.isTimed && memory > before.memory * MAX_GROWTH && memory > before.memory + SLACK_MIB) {
    left.push(`memory ${memory.toFixed(0)} MiB; ${before.memory.toFixed(0)} before`);
  }
  return left;
}

function countFaults({ accepted, ended, active }: Counts): string[] {
  const faults: string[] = [];
  if (active !== 0) faults.push(`${active} sessions are left`);
  if (accepted !== ended + active) faults.push(`accepted ${accepted}, ended ${ended}, active ${active}`);
  return faults;
}

/** Reloads while a fault lasts. */
class Reloads {
  asked = 0;
  readonly refused: string[] = [];
  readonly #proxy: Running;
  #isOver = false;
  readonly #done: Promise<void>;
  #wake: (() => void) | undefined;

  constructor(proxy: Running, everyMs: number) {
    this.#proxy = proxy;
    this.#done = this.#run(everyMs);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#wake?.();
    await this.#done;
  }

  async #run(everyMs: number): Promise<void> {
    for (;;) {
      await this.#pause(everyMs);
      if (this.#isOver || this.#proxy.end !== undefined) return;
      this.asked++;
      try {
        const why = await this.#proxy.reload(this.asked);
        if (why !== undefined) this.refused.push(/"detail":"(.{0,120})/.exec(why)?.[1] ?? why.slice(0, 120));
      } catch (error) {
        // The admin API cannot be reached.
        this.refused.push(String(error));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
