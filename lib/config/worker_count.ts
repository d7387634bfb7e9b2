/** More threads than any machine has use for. */
export const MAX_WORKERS = 256;

/** The machine, as far as the number of threads depends on it. */
export interface Machine {
  /** The system, as the runtime calls it. */
  readonly os: string;
  /** How many threads it runs at once. */
  readonly cores: number;
}

/** How many threads a config means: `auto` is one for each core, where threads can share a port. */
export function workerCount(configured: number | "auto", { os, cores }: Machine): number {
  if (configured !== "auto") return configured;
  return sharesPorts(os) ? Math.min(MAX_WORKERS, Math.max(1, cores)) : 1;
}

/** Whether connections to one port are spread over the threads that listen on it: tried on Linux, and promised there. */
export function sharesPorts(os: string): boolean {
  return os === "linux";
}
