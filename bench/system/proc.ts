/**
 * What Linux tells of processes under /proc. Formats: proc_pid_stat(5), proc_pid_status(5), proc_net_tcp(5).
 *
 * @module
 */

/** USER_HZ: the unit of CPU time that the kernel shows to programs, the same on every machine that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** Socket state LISTEN as /proc/net/tcp writes it. */
const LISTEN_STATE = "0A";

/** One line of /proc/PID/stat, reduced to what the bench asks. */
export interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  /** User and system time of all its threads and of all child processes that it has reaped. */
  readonly cpuSeconds: number;
  /** With the pid, what tells this process from a later one of the same number. */
  readonly startTicks: number;
}

/**
 * Parses /proc/PID/stat.
 *
 * @throws {SyntaxError} when it is no such line.
 */
export function parseProcessStat(text: string): ProcessStat {
  // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const end = text.lastIndexOf(")");
  const fields = text.slice(end + 2).trim().split(" ").map(Number);
  const [parentPid, startTicks] = [fields[1], fields[19]];
  const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
  if (end < 0 || parentPid === undefined || startTicks === undefined || Number.isNaN(ticks)) {
    throw new SyntaxError(
      `cannot read a process: the line is "${text.slice(0, 80)}"; expected a stat line`,
    );
  }
  return { pid: parseInt(text), parentPid, cpuSeconds: ticks / TICKS_PER_SECOND, startTicks };
}

/** Every living process. */
export function processes(): ProcessStat[] {
  return [...Deno.readDirSync("/proc")].flatMap((entry) => {
    if (!/^\d+$/.test(entry.name)) return [];
    const text = readIfThere(`/proc/${entry.name}/stat`);
    return text === undefined ? [] : [parseProcessStat(text)];
  });
}

/** The given processes and all that descend from them. */
export function processTree(
  roots: readonly number[],
  all: readonly ProcessStat[] = processes(),
): ProcessStat[] {
  const children = Map.groupBy(all, (each) => each.parentPid);
  const tree = all.filter((each) => roots.includes(each.pid));
  // The list grows while it is walked, until no process is left that has an unseen child.
  for (const each of tree) tree.push(...(children.get(each.pid) ?? []));
  return tree;
}

/** CPU seconds of the processes, their descendants, and the descendants that have ended and were reaped. */
export function treeCpuSeconds(roots: readonly number[]): number {
  return processTree(roots).reduce((sum, each) => sum + each.cpuSeconds, 0);
}

/**
 * Memory of the processes and their descendants, bytes: RSS of a single process; for several the sum of PSS, in which
 * a page that n of them share counts 1/n for each.
 */
export function treeMemoryBytes(roots: readonly number[]): number {
  const tree = processTree(roots);
  const [file, key] = tree.length === 1 ? ["status", "VmRSS"] : ["smaps_rollup", "Pss"];
  return tree.reduce((sum, each) => {
    const text = readIfThere(`/proc/${each.pid}/${file}`);
    return sum + (text === undefined ? 0 : parseKilobytes(text, key) * 1024);
  }, 0);
}

/** The kilobytes in a line such as `VmRSS:   1234 kB`; 0 when there is no such line. */
export function parseKilobytes(text: string, key: string): number {
  return Number(new RegExp(`^${key}:\\s*(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
}

/** The local ports of all listening sockets in the text of /proc/net/tcp or tcp6. */
export function parseListeningPorts(text: string): number[] {
  return text.trimEnd().split("\n").slice(1).flatMap((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    const port = local?.split(":")[1];
    return state === LISTEN_STATE && port !== undefined ? [parseInt(port, 16)] : [];
  });
}

/** Every port on which anything of this machine listens, whatever the address. */
export function listeningPorts(): Set<number> {
  const texts = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readIfThere(path) ?? "");
  return new Set(texts.flatMap(parseListeningPorts));
}

/** The hard limit of open files, which a runtime may raise its own soft limit to. */
export function maxOpenFiles(): number {
  const match = /^Max open files\s+\S+\s+(\d+)/m.exec(readIfThere("/proc/self/limits") ?? "");
  return match === null ? 1024 : Number(match[1]);
}

/** A file's text, `undefined` when it, or the process that it tells of, has gone. */
export function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // A process can end between the listing and the reading, with ENOENT before the open and ESRCH after it.
    return undefined;
  }
}
