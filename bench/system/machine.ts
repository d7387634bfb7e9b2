import { parseProcessStat, readIfThere } from "./proc.ts";

/** The machine that the figures are of. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  /** Share of the machine's CPU time, 0 to 1, that programs other than the bench's took during the run. */
  readonly othersShare?: number;
  /** Share of the machine's CPU time, 0 to 1, that the hypervisor gave to others during the run. */
  readonly stolenShare?: number;
}

/** Describes this machine. */
export function describeMachine(): Machine {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(readIfThere("/proc/cpuinfo") ?? "")?.[1] ?? Deno.build.arch;
  return {
    cpu,
    cores: navigator.hardwareConcurrency,
    memoryGb: Math.round(Deno.systemMemoryInfo().total / 1024 ** 3),
    kernel: `Linux ${Deno.osRelease()}`,
  };
}

/** CPU time of the whole machine since it started, in ticks. */
export interface CpuTimes {
  readonly busy: number;
  readonly idle: number;
  readonly stolen: number;
}

/** Parses the first line of /proc/stat, see proc_stat(5). */
export function parseCpuTimes(text: string): CpuTimes {
  const ticks = (text.split("\n")[0] ?? "").trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, stolen = 0] = ticks;
  return { busy: user + nice + system + irq + softirq, idle: idle + iowait, stolen };
}

/** Watches how much of the machine the bench had for itself. */
export class NoiseWatch {
  readonly #before = parseCpuTimes(readIfThere("/proc/stat") ?? "");
  readonly #ownBefore = ownCpuTicks();

  /** The shares since the watch was made. All children must have been reaped. */
  shares(): { readonly othersShare: number; readonly stolenShare: number } {
    const after = parseCpuTimes(readIfThere("/proc/stat") ?? "");
    const busy = after.busy - this.#before.busy;
    const stolen = after.stolen - this.#before.stolen;
    const all = Math.max(1, busy + stolen + after.idle - this.#before.idle);
    const others = Math.max(0, busy - (ownCpuTicks() - this.#ownBefore));
    return { othersShare: others / all, stolenShare: stolen / all };
  }
}

function ownCpuTicks(): number {
  return parseProcessStat(readIfThere(`/proc/${Deno.pid}/stat`) ?? "").cpuSeconds * 100;
}
