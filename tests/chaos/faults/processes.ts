/** The process itself, and its clock. */
import { processTree } from "../../../bench/system/proc.ts";
import { type Fault, pause } from "../fault.ts";

/** Only reloads, as often as they go. */
export const reloads: Fault = {
  name: "reload",
  title: "reloads, one after the other",
  promise: "no connection is lost",
  recoverMs: 1000,
  mayFail: 0,
  reloads: false,
  run: async (scene) => {
    const endsAtMs = performance.now() + scene.holdMs;
    let round = 0;
    while (performance.now() < endsAtMs) {
      const refused = await scene.proxy.reload(++round);
      if (refused !== undefined) scene.note(refused);
      // Peers get a signal, and do not say when they have done it.
      await pause(200);
    }
    scene.note(`${round} reloads`);
  },
};

const STOPPED_MS = 5000;

/** The whole process stands still. */
export const stopped: Fault = {
  name: "sigstop",
  title: `SIGSTOP for ${STOPPED_MS / 1000} s, then SIGCONT`,
  promise: "open connections and those that came meanwhile are served",
  recoverMs: 1000,
  reloads: false,
  missing: () => Deno.build.os === "windows" ? "there is no SIGSTOP" : undefined,
  run: async ({ proxy }) => {
    const pids = proxy.pids();
    for (const pid of pids) Deno.kill(pid, "SIGSTOP");
    await pause(STOPPED_MS);
    for (const pid of pids) Deno.kill(pid, "SIGCONT");
  },
};

/** One that carries connections dies. */
export const workerKilled: Fault = {
  name: "worker-killed",
  title: "a worker dies (a thread; with nginx a process, by SIGKILL)",
  promise: "its sessions end; another starts after 100 ms to 10 s, and the others go on",
  recoverMs: 10_000,
  subjects: ["runtime", "native", "nginx"],
  reloads: false,
  prepare: (plan, { subject }) => {
    if (subject === "nginx") return Promise.resolve({});
    return Promise.resolve({
      main: new URL("../mortal_main.ts", import.meta.url),
      workers: plan.workers * 2,
    });
  },
  run: async ({ proxy, subject, holdMs }) => {
    if (subject === "nginx") {
      const worker = processTree([proxy.pid]).find(({ parentPid }) => parentPid === proxy.pid);
      if (worker !== undefined) Deno.kill(worker.pid, "SIGKILL");
    } else {
      // Its first worker dies of this signal.
      Deno.kill(proxy.pid, "SIGWINCH");
    }
    await pause(holdMs);
  },
};

const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/** The time of day jumps; the monotonic clock, as on a real machine, does not. */
export const clockJumps: Fault = {
  name: "clock",
  title: "the clock jumps an hour ahead, then two back (libfaketime)",
  promise: "no effect: timeouts use the monotonic clock",
  recoverMs: 1000,
  mayFail: 0,
  missing: () => {
    try {
      Deno.statSync(FAKETIME);
      return undefined;
    } catch {
      // Elsewhere, or not installed.
      return "libfaketime is not installed (package faketime)";
    }
  },
  prepare: async (_plan, { folder }) => {
    const file = await folder.write("time", "+0\n");
    return {
      environment: {
        LD_PRELOAD: FAKETIME,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
        DONT_FAKE_MONOTONIC: "1",
      },
    };
  },
  run: async ({ folder, holdMs }) => {
    for (const offset of ["+3600", "-3600", "+0"]) {
      await folder.write("time", `${offset}\n`);
      await pause(holdMs / 3);
    }
  },
};
