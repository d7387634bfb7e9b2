import type { Config } from "../../../lib/config/mod.ts";
import type { ProxyControl } from "../../../lib/proxy/mod.ts";
import type { EndedSession } from "../../../lib/session/mod.ts";
import type { WorkersObserver } from "../../../lib/workers/mod.ts";
import { connectTo } from "../clients.ts";
import { configOf, ProxyLog } from "./proxy.ts";

/** Starts a proxy on one plane: in this thread, or in several. */
export type StartPlane = (config: Config, observer: PlaneLog) => Promise<ProxyControl>;

/** An observer of any plane that keeps all events. */
export class PlaneLog extends ProxyLog implements WorkersObserver {
  /** Workers that died, each with the sessions that it took along. */
  readonly deaths: { worker: number; sessions: number; restartMs: number | undefined; message: string }[] =
    [];
  readonly restarts: number[] = [];
  /** How the kernel confines each worker that has started. */
  readonly confined: Parameters<WorkersObserver["workersConfined"]>[] = [];
  #reported: (() => void)[] = [];

  workerDied(
    worker: number,
    { error, sessions, restartMs }: Parameters<WorkersObserver["workerDied"]>[1],
  ): void {
    this.deaths.push({ worker, sessions, restartMs, message: error.message });
    this.#tell();
  }

  workersConfined(...confined: Parameters<WorkersObserver["workersConfined"]>): void {
    this.confined.push(confined);
  }

  workerRestarted(worker: number): void {
    this.restarts.push(worker);
    this.#tell();
  }

  multipathMissing(): void {}

  override targetChanged(...args: Parameters<ProxyLog["targetChanged"]>): void {
    super.targetChanged(...args);
    this.#tell();
  }

  /** Resolves when `isSo`, checked at each event of a worker or a target. */
  async when(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#reported.push(resolve));
  }

  /** The next so many sessions that have ended. */
  async ended(count: number): Promise<EndedSession[]> {
    return await Promise.all(Array.from({ length: count }, () => this.outcome()));
  }

  #tell(): void {
    const reported = this.#reported;
    this.#reported = [];
    for (const resolve of reported) resolve();
  }
}

/** A proxy on some plane that runs for one test. */
export class TestPlane {
  readonly control: ProxyControl;
  readonly log: PlaneLog;

  constructor(control: ProxyControl, log: PlaneLog) {
    this.control = control;
    this.log = log;
  }

  /** The port of its first TCP listener. */
  get port(): number {
    for (const { address } of this.control.listeners()) if (address.kind === "tcp") return address.port;
    throw new Error("test plane: it listens on no TCP port; expected one");
  }

  /** A client of that port; the test owns it. */
  connect(): Promise<Deno.TcpConn> {
    return connectTo(this.port);
  }

  /** Resolves when so many sessions are under way; no event announces a new one. */
  async underWay(count: number): Promise<void> {
    while (this.control.activeSessions() !== count) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Runs a config on a plane and stops it when `use` has returned. */
export async function withPlane(
  start: StartPlane,
  root: Parameters<typeof configOf>[0],
  use: (plane: TestPlane) => Promise<void>,
): Promise<void> {
  const log = new PlaneLog();
  const control = await start(configOf(root), log);
  try {
    await use(new TestPlane(control, log));
  } finally {
    await control.stop();
  }
  if (log.defects.length > 0) throw log.defects[0];
}
