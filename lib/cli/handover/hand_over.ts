/**
 * The moment in which one process accepts in place of another, on both sides.
 *
 * @module
 */
import { formatAddress } from "../../base/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { ProxyControl } from "../../proxy/mod.ts";
import type { Admin } from "../run/admin.ts";
import { shutDown, type ShutDownOptions, type ShutDownResult } from "../run/shut_down.ts";
import { VERSION } from "../version.ts";
import type { NativeStart } from "./native_start.ts";
import type { Successor } from "./successor.ts";

/** How long requests to the admin API that were accepted before may take to be answered. */
const ADMIN_GRACE_MS = 1000;

/** The new process: its proxy accepts. Resolves when the process before no longer does, if there is one. */
export async function takeOver(
  { predecessor, sockets }: NativeStart,
  proxy: Pick<ProxyControl, "listeners">,
  { admin, log }: { readonly admin: Pick<Admin, "sockets">; readonly log: Logger },
): Promise<void> {
  if (predecessor !== undefined) {
    const { hello } = predecessor;
    const open = new Set(
      [...proxy.listeners(), ...admin.sockets()].map(({ address }) => formatAddress(address)),
    );
    const taken = hello.sockets.map(({ address }) => address).filter((address) => open.has(address));
    await predecessor.takeOver(VERSION, taken);
    log.info("took over from process {pid}: {count} listening sockets; it drains its connections", {
      pid: hello.pid,
      count: taken.length,
    });
  }
  sockets.settle();
}

export interface LeaveOptions extends Pick<ShutDownOptions, "signals" | "log"> {
  readonly successor: Successor;
  readonly admin: Pick<Admin, "leave" | "close">;
  readonly proxy: ProxyControl;
}

/** The process before: another one accepts. Resolves when no session is left. */
export async function leave(
  { successor, admin, proxy, signals, log }: LeaveOptions,
): Promise<ShutDownResult> {
  await admin.leave();
  const drained = shutDown(proxy, {
    first: "upgrade",
    signals,
    // Others accept.
    delayMs: 0,
    others: new Set(successor.taken),
    log,
  });
  // The other process goes on at once: what it cannot accept yet waits in the queues that both have.
  await successor.release();
  await new Promise((resolve) => setTimeout(resolve, ADMIN_GRACE_MS));
  await admin.close();
  const result = await drained;
  successor.close();
  // The counters of the other process begin at 0, and these are available nowhere else afterwards.
  log.info("stopped: {accepted} connections accepted, {ended} ended", await totals(proxy));
  return result;
}

async function totals(proxy: Pick<ProxyControl, "metrics">): Promise<{ accepted: number; ended: number }> {
  const { counters } = await proxy.metrics();
  let [accepted, ended] = [0, 0];
  for (const app of counters.apps.values()) {
    accepted += app.accepted;
    for (const count of Object.values(app.ended)) ended += count;
  }
  return { accepted, ended };
}
