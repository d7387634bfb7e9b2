import { errorMessage } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import {
  type AccessLog,
  type AccessRecord,
  closeLogging,
  type ColorChoice,
  Feed,
  getLogger,
  type Logger,
} from "../../log/mod.ts";
import { resolveListenNames, resolvePassedSockets, StartError } from "../../proxy/mod.ts";
import { leave, takeOver } from "../handover/hand_over.ts";
import { replaceable } from "../handover/replaceable.ts";
import { Upgrades } from "../handover/upgrades.ts";
import { NO_PASSED_SOCKETS } from "../handover/inherited_sockets.ts";
import { type NativeStart, warnOfUnused } from "../handover/native_start.ts";
import { NO_ADMIN, openAdmin } from "./admin.ts";
import { EXIT } from "../exit_code.ts";
import { ConfigReloads } from "./config_reloads.ts";
import { drainDeadline, DrainRequest } from "./drain_request.ts";
import { watchConfig, type WatchedFile } from "./watch_config.ts";
import type { Io } from "../io.ts";
import { LogObserver } from "./logging/log_observer.ts";
import { openAccessLog, openOperationalLog } from "./logging/open_logs.ts";
import { shutDown } from "./shut_down.ts";
import { ignoreSignals, KeptSignal, listenForSignals, type Signals } from "./signals.ts";
import { logConfig, logListeners, logListenNames, logProgram } from "./logging/start_lines.ts";
import { type ServingEngine, servingEngine } from "./engine_choice.ts";
import { openEngine } from "./open_engine.ts";
import { openServiceManager, type ServiceManager } from "./service_manager.ts";
import { type StartedProxy, startProxy, workersOf } from "./start_proxy.ts";
import { exportTelemetry } from "./telemetry.ts";
import type { SpareThread } from "../../workers/spare_thread.ts";
import { VERSION } from "../version.ts";

/** The file of the config that runs. */
export interface ConfigFile extends WatchedFile {
  /**
   * Reads it again.
   *
   * @throws {UnreadableConfig} when it cannot be used.
   */
  read(): Promise<Config>;
}

export interface ServeOptions {
  readonly io: Io;
  /** SIGHUP, from the first moment of the command on; by default it ends the process, as when its terminal is closed. */
  readonly hangUps?: KeptSignal;
  /** SIGUSR2, from the first moment of the command on; default from when the logs are open. */
  readonly logRotations?: KeptSignal;
  /** The first log line, where there is something to say before all else. */
  readonly preface?: string;
  /** Findings about the config, logged as warnings before it runs. */
  readonly warnings?: readonly string[];
  /** Where the config was read from; default it has no file. */
  readonly configFile?: ConfigFile | undefined;
  /** When log lines are coloured; default on a terminal, unless `NO_COLOR` is set. */
  readonly color?: ColorChoice;
  /** The name of a config that has no file. */
  readonly configName?: string;
  /** A thread that was started for the first worker of the native engine; default none. The caller disposes of it. */
  readonly spare?: SpareThread | undefined;
  /** Called when the proxy accepts connections. */
  onReady?(): Promise<void>;
}

/** How long a thread may take to show that it is alive; a stalled disk must not look like a hung thread. */
const ALIVE_LIMIT_MS = 10_000;

/** How long logs may take to be written after a second signal. */
const CUT_FLUSH_MS = 400;

/** Runs a proxy until a signal ends it, and gives the exit code. All that was logged is written when it resolves. */
export async function serve(config: Config, options: ServeOptions): Promise<number> {
  await openOperationalLog(config.log, options);
  const log = getLogger("proxy");
  let flushMs: number | undefined;
  try {
    if (options.preface !== undefined) log.info(options.preface);
    const engine = servingEngine(config);
    logProgram(log, {
      version: VERSION,
      pid: Deno.pid,
      config: options.configFile?.path ?? options.configName ?? "none",
      workers: workersOf(config),
      engine,
    });
    for (const warning of options.warnings ?? []) log.warning("{warning}", { warning });
    const access = await openAccessLog(config.log, options.color ?? "auto");
    try {
      using signals = listenForSignals();
      await using manager = await openServiceManager({ log });
      using _guard = survive(log);
      using reloads = new ConfigReloads({
        log,
        reopenLog: () => void reopen("SIGHUP", { access, config, log }),
        readConfig: options.configFile?.read,
        path: options.configFile?.path,
        onReload: (event) => {
          if (event === "begun") manager.reloading();
          else if (event.kind === "done") manager.reloaded("running, the config is reloaded");
          else manager.reloaded(`running, the last reload was refused: ${event.problems[0]?.message ?? ""}`);
        },
      });
      options.hangUps?.listen(() => reloads.hangUp());
      using ownRotations = new KeptSignal("SIGUSR2");
      const upgrades = new Upgrades({ log, manager });
      (options.logRotations ?? ownRotations).listen(() => {
        void reopen("SIGUSR2", { access, config, log });
        void upgrades.request("SIGUSR2");
      });
      using _ignored = ignoreSignals((signal) =>
        log.warning(
          "{signal}: ignored; SIGTERM stops the proxy, SIGHUP reloads the config and reopens the access log, SIGUSR2 upgrades",
          { signal },
        )
      );
      const parts = { ...options, access, signals, reloads, upgrades, manager, log, engine };
      const result = await runProxy(config, parts);
      if (result === "cut") flushMs = CUT_FLUSH_MS;
      return result === "not_started" ? EXIT.failed : EXIT.done;
    } finally {
      await access.close(flushMs);
    }
  } finally {
    await closeLogging(flushMs);
  }
}

interface Parts extends ServeOptions {
  readonly access: AccessLog;
  readonly signals: Signals;
  readonly reloads: ConfigReloads;
  readonly upgrades: Upgrades;
  readonly manager: ServiceManager;
  readonly log: Logger;
  readonly engine: ServingEngine;
}

async function runProxy(config: Config, parts: Parts): Promise<"not_started" | "drained" | "cut"> {
  const { access, signals, reloads, upgrades, manager, log, io } = parts;
  const sessions = new Feed<AccessRecord>();
  const observer = new LogObserver(access, { log, sessions });
  logConfig(log, config);
  const end = new DrainRequest(signals, log);
  let started: StartedProxy;
  let admin = NO_ADMIN;
  let native: NativeStart | undefined;
  try {
    native = await openEngine(config, parts.engine, log);
    // Its permissions are of no use to the runtime's sockets.
    if (native === undefined) parts.spare?.[Symbol.dispose]();
    const passed = native?.sockets ?? NO_PASSED_SOCKETS;
    const named = await resolveListenNames(resolvePassedSockets(config, passed));
    logListenNames(log, named.names);
    admin = await openAdmin(config.admin, named.admin, {
      log,
      access,
      reloads,
      sessions,
      transport: native?.control.transport,
      mayAccept: native?.predecessor?.released,
      requestDrain: end.request,
      upgrade: () => upgrades.request("admin API"),
    });
    reloads.passedSockets = passed;
    started = await startProxy(named.config, { observer, access, sessions, native, spare: parts.spare });
    if (native !== undefined) warnOfUnused(log, native.sockets.unusedBy(named.config, named.admin));
  } catch (error) {
    await native?.predecessor?.fail(errorMessage(error));
    await admin.close();
    await native?.[Symbol.asyncDispose]();
    if (!(error instanceof StartError)) throw error;
    // Readers of a log on a server do not see stderr.
    if (config.log.destination !== undefined) log.error("{error}", { error: error.message });
    await io.complain(error.message);
    return "not_started";
  }
  await using _native = native;
  const { proxy } = started;
  admin.attach(proxy);
  logListeners(log, proxy.listeners());
  reloads.attach(proxy);
  await using _telemetry = await exportTelemetry(config.otel, proxy, { log, access, reloads, sessions });
  using watch = watchConfig(config, { ...parts, file: parts.configFile });
  if (native !== undefined) await takeOver(native, proxy, { admin, log });
  await parts.onReady?.();
  const count = proxy.listeners().length;
  manager.ready(
    `accepting on ${count} ${count === 1 ? "address" : "addresses"}`,
    () => proxy.isAlive(ALIVE_LIMIT_MS),
  );
  upgrades.attach(replaceable({ ...started, native, admin, reloads }));
  void upgrades.replaced.then(end.replaced);
  const { cause, signals: further } = await end.next(() => admin.drain(drainDeadline(proxy.config())));
  if (cause === "upgrade") {
    // Its config is the other process's now.
    watch[Symbol.dispose]();
    const successor = await upgrades.replaced;
    const result = await leave({ successor, admin, proxy, signals: further, log });
    observer.close();
    return result;
  }
  const { delayMs, drainTimeoutMs } = proxy.config().shutdown;
  manager.stopping(`${cause}: stopping`, delayMs + drainTimeoutMs);
  const result = await shutDown(proxy, { first: cause, signals: further, delayMs, log });
  await admin.close();
  observer.close();
  log.info("stopped");
  return result;
}

/** Never rejects. */
async function reopen(
  signal: Deno.Signal,
  { access, config, log }: { access: AccessLog; config: Config; log: Logger },
): Promise<void> {
  if (typeof config.log.access !== "string") {
    log.debug("{signal}: there is no access log file to reopen", { signal });
    return;
  }
  if (await access.reopen()) {
    log.info("{signal}: reopened the access log {path}", { signal, path: config.log.access });
  }
}

/** Keeps a defect in one corner of the program from ending the process, and with it every connection. */
function survive(log: Logger): Disposable {
  const onError = (event: ErrorEvent): void => {
    event.preventDefault();
    report(event.error);
  };
  const onRejection = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    report(event.reason);
  };
  const report = (error: unknown): void => {
    log.error("internal error: {error}", {
      error: errorMessage(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  };
  globalThis.addEventListener("error", onError);
  globalThis.addEventListener("unhandledrejection", onRejection);
  return {
    [Symbol.dispose]: () => {
      globalThis.removeEventListener("error", onError);
      globalThis.removeEventListener("unhandledrejection", onRejection);
    },
  };
}
