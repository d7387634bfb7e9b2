import { type NextTlsFiles, type Prepared, readTlsFiles } from "../../app/mod.ts";
import { type Config, diffConfigs } from "../../config/mod.ts";
import { type ControlPlane, type ReloadProblem, type ReloadStep, StartError } from "../../proxy/mod.ts";
import type { SharedLimits } from "../shared/shared_limits.ts";
import type { ListenSockets } from "./sockets/listen_sockets.ts";
import type { PoolChanges } from "./requests/pool_changes.ts";
import type { PlaceResult, SocketFiles } from "./sockets/socket_files.ts";
import { commitEverywhere } from "./requests/two_phase_commit.ts";
import type { WorkerGroups } from "./worker_groups.ts";
import type { WorkerOperations } from "./requests/worker_operations.ts";

/** The parts of a proxy with several threads that a reload changes. */
export interface WorkerReloadsOptions {
  readonly control: ControlPlane;
  readonly sockets: ListenSockets;
  readonly files: SocketFiles;
  readonly limits: SharedLimits;
  readonly groups: WorkerGroups;
  readonly changes: PoolChanges;
  readonly operations: Pick<WorkerOperations, "endDowned">;
  /** How the proxy is ending; `undefined` while it is not. */
  ending(): "stopping" | "draining" | undefined;
  /** Called when a config is in effect, which has the addresses actually bound. */
  onConfig(config: Config): void;
}

/** Carries out reloads with workers: changed certificates in those that run, another config in new ones. */
export class WorkerReloads {
  readonly #options: WorkerReloadsOptions;
  /** How many have changed certificates. */
  #renewals = 0;

  constructor(options: WorkerReloadsOptions) {
    this.#options = options;
  }

  async apply(step: ReloadStep, commit: () => void): Promise<readonly ReloadProblem[]> {
    return step.diff.apps.every(({ change }) => change === "kept") && !await this.#options.files.hasLost()
      ? await this.#renew(step, commit)
      : await this.#replace(step, commit);
  }

  /** Applies changed certificates in all workers, or in none. */
  async #renew(
    { config, files, renewed }: ReloadStep,
    commit: () => void,
  ): Promise<readonly ReloadProblem[]> {
    const { control, groups } = this.#options;
    const changed = await Promise.all(
      config.apps.filter(({ name }) => renewed.has(name)).map(async (app): Promise<NextTlsFiles> => {
        return { app: app.name, tlsFiles: await readTlsFiles(app, files) };
      }),
    );
    const use = await control.prepare(changed);
    return await commitEverywhere(groups.current.supervisor, {
      reload: ++this.#renewals,
      changed,
      commit: () => {
        use();
        commit();
      },
    });
  }

  /** Starts workers with another config, which take over from the current ones. */
  async #replace(step: ReloadStep, commit: () => void): Promise<readonly ReloadProblem[]> {
    const { control, files, limits, groups, changes, operations } = this.#options;
    this.#requireReplaceable(step);
    const slot = groups.freeSlot();
    await files.clean(step.config);
    const sockets = this.#options.sockets.prepare(step.config);
    let prepared: Prepared;
    try {
      prepared = await control.prepareConfig(step);
    } catch (error) {
      sockets.discard();
      throw error;
    }
    // New workers start with the control plane's view of the new config. The current ones must not get it, nor a
    // replacement for one of them that dies, whose apps may be gone.
    using _held = groups.current.supervisor.hold();
    changes.hold();
    prepared.commit();
    limits.update(step.config);
    const next = groups.createNext(sockets, slot);
    let placed: PlaceResult;
    try {
      await next.supervisor.bind();
      const ending = this.#options.ending();
      if (ending !== undefined) throw new StartError(`reload: the proxy is ${ending}`);
      placed = files.place(step.config, next.unixNames);
    } catch (error) {
      groups.discardNext();
      sockets.discard();
      // Not by force: the sockets of a thread that is cut off may outlast this reload.
      await next.supervisor.end({ kind: "stop" });
      await this.#rollBack(step);
      throw error;
    }
    const before = groups.use(next);
    sockets.commit();
    this.#options.onConfig(sockets.config);
    commit();
    next.supervisor.accept();
    changes.release();
    control.settings.retain();
    const late = await groups.retire(before, sockets.config);
    await operations.endDowned();
    await placed.removed;
    return [...placed.problems, ...late];
  }

  /** Returns the control plane to the config before the step. */
  async #rollBack({ config, previous }: ReloadStep): Promise<void> {
    const { control, limits, changes } = this.#options;
    const diff = diffConfigs(config, previous.config);
    const renewed = new Set(previous.config.apps.map(({ name }) => name));
    try {
      const prepared = await control.prepareConfig({ ...previous, diff, renewed, previous });
      prepared.commit();
    } finally {
      limits.update(previous.config);
      changes.release();
    }
  }

  /** @throws {StartError} when workers bind paths themselves, so that no other can take over from them. */
  #requireReplaceable({ config, previous }: ReloadStep): void {
    const { files } = this.#options;
    const isReplaceable = (each: Config, names: ReadonlyMap<string, string>): boolean =>
      files.listeners(each).every(({ path }) => names.has(path));
    if (
      isReplaceable(previous.config, this.#options.groups.current.unixNames) &&
      isReplaceable(config, files.names(config))
    ) {
      return;
    }
    throw new StartError(
      `reload: workers cannot hand over a unix socket without full network permission and permission for its directory; restart, or set "engine: runtime" and "workers: 1"`,
    );
  }
}
