import { type Config, workerCount } from "../../config/mod.ts";
import type { AccessLog, AccessRecord, Feed } from "../../log/mod.ts";
import { Proxy, type ProxyControl, StartError } from "../../proxy/mod.ts";
import { handedTo, type NativeStart } from "../handover/native_start.ts";
import type { HandOver, WorkersObserver } from "../../workers/mod.ts";
import type { SpareThread } from "../../workers/spare_thread.ts";

/** A proxy that accepts. */
export interface StartedProxy {
  readonly proxy: ProxyControl;
  /** `undefined` where nothing of it can be handed to another process. */
  readonly handOver: (() => HandOver) | undefined;
}

export interface StartProxyOptions {
  readonly observer: WorkersObserver;
  readonly access: AccessLog;
  /** Takes the sessions that end; while somebody listens, workers report all of them. */
  readonly sessions: Feed<AccessRecord>;
  /** The native engine, where it is used. */
  readonly native: NativeStart | undefined;
  readonly spare: SpareThread | undefined;
}

/**
 * Starts the proxy in this thread, or in as many as the config says.
 *
 * @throws {StartError} when it cannot accept; it says why.
 */
export async function startProxy(config: Config, options: StartProxyOptions): Promise<StartedProxy> {
  const { observer, access, sessions, native, spare } = options;
  const workers = workersOf(config);
  if (config.sandbox === "on" && workers === 1 && native === undefined) {
    throw new StartError(
      'sandbox "on": the main thread would carry the connections, and nothing confines it; set "workers: 2" or more, ' +
        'or "engine: native"',
    );
  }
  // The native engine would hold up what the main thread does beside it.
  if (workers === 1 && native === undefined) {
    return { proxy: await Proxy.start(config, { observer }), handOver: undefined };
  }
  // Loaded only where there are workers.
  const { WorkerProxy } = await import("../../workers/mod.ts");
  const proxy = await WorkerProxy.start(config, {
    workers,
    observer,
    sessions: access.enabled ? "all" : "notable",
    ...native === undefined ? {} : { native: native.control, handed: handedTo(native), spare },
  });
  const handOver = native === undefined ? undefined : (): HandOver => proxy.handOver();
  if (access.enabled) return { proxy, handOver };
  sessions.onDemand = (isWanted): void => proxy.reportSessions(isWanted ? "all" : "notable");
  return { proxy, handOver };
}

/** How many threads a config has for connections. */
export function workersOf(config: Config): number {
  return workerCount(config.workers, { os: Deno.build.os, cores: navigator.hardwareConcurrency });
}
