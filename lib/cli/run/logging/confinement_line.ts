import type { WorkersObserver } from "../../../workers/mod.ts";

type Confined = Parameters<WorkersObserver["workersConfined"]>;

/** A line of the log. */
interface Line {
  readonly level: "info" | "warning";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The most ports that a line lists. */
const MAX_PORTS = 16;

/** Says what the kernel keeps native workers from, and what it does not. */
export function confinementLine(...[ports, { landlock, calls, gaps }]: Confined): Line {
  if (gaps.length > 0) {
    return {
      level: "warning",
      message: "sandbox: workers are not fully confined by the kernel: {gaps}",
      fields: { gaps: gaps.join("; "), landlock, seccomp: calls },
    };
  }
  return {
    level: "info",
    message: "sandbox: the kernel confines workers: no files, no programs, {connections}",
    fields: { connections: connectionWords(ports), landlock, seccomp: calls },
  };
}

function connectionWords(ports: Confined[0]): string {
  if (ports === "any") return "TCP connections to any port, as discovery gives the ports";
  const sorted = [...ports].sort((a, b) => a - b);
  if (sorted.length === 0) return "no TCP connections";
  const more = sorted.length > MAX_PORTS ? `, … and ${sorted.length - MAX_PORTS} more` : "";
  const shown = sorted.slice(0, MAX_PORTS).join(", ");
  return `TCP connections to ${sorted.length === 1 ? "port" : "ports"} ${shown}${more} only`;
}
