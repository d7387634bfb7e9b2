/** Logs that cannot be written. */
import { serveMany } from "../client.ts";
import { command, type Fault } from "../fault.ts";

/** A file system of 64 KiB, full. */
export const diskFull: Fault = {
  name: "disk-full",
  title: "disk full under the access log (a file system of 64 KiB)",
  promise: "traffic goes on; lines are kept up to 8 MiB, then dropped and counted",
  recoverMs: 1000,
  mayFail: 0,
  missing: () =>
    Deno.build.os === "linux" && Deno.uid() === 0 ? undefined : "it takes root on Linux to mount",
  prepare: async (_plan, { subject, folder, onEnd }) => {
    const mount = folder.file("small");
    await Deno.mkdir(mount);
    await command("mount", "-t", "tmpfs", "-o", "size=64k", "tcpproxy-chaos", mount);
    onEnd(() => command("umount", "--lazy", mount));
    const file = `${mount}/access.log`;
    // HAProxy has no log file of its own.
    if (subject !== "haproxy") return { log: { file } };
    return { prefix: ["sh", "-c", 'file=$1; shift; exec "$@" >"$file"', "sh", file] };
  },
  run: async (scene) => {
    const { folder, door, holdMs } = scene;
    await Deno.writeFile(folder.file("small/filler"), new Uint8Array(64 * 1024)).catch(() => {});
    const endsAtMs = performance.now() + holdMs;
    let [asked, served] = [0, 0];
    while (performance.now() < endsAtMs) {
      asked += 50;
      served += await serveMany(door, 50, 10);
    }
    scene.note(`${served} of ${asked} exchanges served with a full disk`);
    await Deno.remove(folder.file("small/filler"));
  },
};

/** Nobody reads the log, and its pipe is closed. */
export const pipeClosed: Fault = {
  name: "log-pipe",
  title: "the pipe that the log goes to is closed",
  promise: "traffic goes on; lines are dropped and counted",
  recoverMs: 1000,
  mayFail: 0,
  run: async ({ proxy, door, holdMs }) => {
    await proxy.closeLog();
    const endsAtMs = performance.now() + holdMs;
    while (performance.now() < endsAtMs) await serveMany(door, 50, 10);
  },
};
