/** What the system no longer gives. */
import { parseKilobytes, readIfThere } from "../../../bench/system/proc.ts";
import { hasTool } from "../../helpers/programs/tools.ts";
import { connectTo } from "../../helpers/clients.ts";
import { command, type Fault, pause } from "../fault.ts";
import type { SubjectId } from "../subjects.ts";

/** Enough for the program itself; a native engine's worker takes some more. */
const DESCRIPTORS: Readonly<Record<SubjectId, number>> = { runtime: 96, native: 112, haproxy: 96, nginx: 96 };
const HOLDERS = 150;

/** More clients than there are descriptors for. */
export const descriptors: Fault = {
  name: "descriptors",
  title: `descriptors gone (\`ulimit -n\` about 100): ${HOLDERS} clients hold connections`,
  promise: "accepting pauses and resumes by itself (100 ms); nothing ends",
  recoverMs: 2000,
  missing: () => Deno.build.os === "windows" ? "there is no ulimit" : undefined,
  // HAProxy refuses to start where it cannot have all that its `maxconn` may need.
  subjects: ["runtime", "native", "nginx"],
  prepare: (_plan, { subject }) => {
    const limit = `ulimit -n ${DESCRIPTORS[subject]}; exec "$@"`;
    return Promise.resolve({ prefix: ["sh", "-c", limit, "sh"] });
  },
  run: async ({ door, holdMs }) => {
    const conns = await Promise.all(
      Array.from({ length: HOLDERS }, () => connectTo(door.port, door.host).catch(() => undefined)),
    );
    await pause(holdMs);
    for (const conn of conns) conn?.[Symbol.dispose]();
  },
};

const SPARE_BYTES = 24 * 1024 ** 2;

/** The address space ends. */
export const memory: Fault = {
  name: "memory",
  title: "memory gone: the address space is limited to 24 MiB more than in use, then 600 connections",
  promise: "none: V8 may end a process that gets no memory; then the service manager restarts it",
  recoverMs: 5000,
  mayEnd: true,
  reloads: false,
  missing: () => hasTool("prlimit") ? undefined : "prlimit is not installed (util-linux)",
  run: async ({ proxy, door, holdMs }) => {
    const limits = proxy.pids().map((pid) => ({ pid, bytes: virtualBytes(pid) + SPARE_BYTES }));
    for (const { pid, bytes } of limits) await command("prlimit", `--pid=${pid}`, `--as=${bytes}:`);
    const conns = await Promise.all(
      Array.from({ length: 600 }, () => connectTo(door.port, door.host).catch(() => undefined)),
    );
    const piece = new Uint8Array(256 * 1024);
    for (const conn of conns) conn?.write(piece).catch(() => 0);
    await pause(holdMs);
    for (const conn of conns) conn?.[Symbol.dispose]();
    for (const { pid } of limits) {
      if (proxy.end === undefined && readIfThere(`/proc/${pid}/status`) !== undefined) {
        await command("prlimit", `--pid=${pid}`, "--as=unlimited:");
      }
    }
  },
};

function virtualBytes(pid: number): number {
  return parseKilobytes(readIfThere(`/proc/${pid}/status`) ?? "", "VmSize") * 1024;
}
