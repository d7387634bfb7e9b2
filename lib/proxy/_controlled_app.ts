import {
  type AppOverrides,
  AppTargets,
  type AppTargetsOptions,
  AppTls,
  type FaultSnapshot,
  faultSnapshots,
  type Moment,
  type Prepared,
  type TlsFiles,
} from "../app/mod.ts";
import { type Clock, monotonicClock } from "../base/mod.ts";
import type { AppConfig } from "../config/parsed.ts";
import type { ReloadableApp } from "./reload/next_apps.ts";

/** The options of a controlled app; `random` and `clock` default to the runtime's. */
export type ControlledAppOptions =
  & Pick<AppTargetsOptions, "observer" | "listeners" | "onChange" | "tally">
  & Partial<Pick<AppTargetsOptions, "random" | "clock">>
  & { readonly overrides: AppOverrides };

/** An app whose sessions workers carry: what is left are its targets, and the files that workers get. */
export class ControlledApp implements ReloadableApp {
  readonly #tls: AppTls;
  readonly targets: AppTargets;
  readonly overrides: AppOverrides;
  readonly #clock: Clock;
  #faultsSince: Moment;
  #config: AppConfig;
  #tlsFiles: TlsFiles;

  /**
   * Builds the app without starting anything.
   *
   * @throws {TlsError} when a certificate cannot be used.
   */
  static async create(
    config: AppConfig,
    files: TlsFiles,
    options: ControlledAppOptions,
  ): Promise<ControlledApp> {
    return new ControlledApp(config, files, { ...options, tls: await AppTls.load(config, files) });
  }

  private constructor(
    config: AppConfig,
    files: TlsFiles,
    options: ControlledAppOptions & { readonly tls: AppTls },
  ) {
    this.#config = config;
    this.#tlsFiles = files;
    this.#tls = options.tls;
    this.#clock = options.clock ?? monotonicClock;
    this.#faultsSince = this.#now();
    this.overrides = options.overrides;
    this.targets = new AppTargets(config, {
      random: Math.random,
      ...options,
      clock: this.#clock,
      settings: options.overrides.targets,
      // The workers, whose sessions they are, hear of the change and end them.
      closeSessionsOf: () => {},
    });
  }

  get config(): AppConfig {
    return this.#config;
  }

  /** The labels of its targets, of one pool after the other. */
  get labels(): string[] {
    return this.targets.pools.flatMap(({ pool }) => pool.targets.map(({ label }) => label));
  }

  /** When the faults of its config came into effect, on the clock. */
  get faultsSinceMs(): number {
    return this.#faultsSince.clockMs;
  }

  /** The faults in effect. */
  faults(): FaultSnapshot[] {
    const { faults } = this.#config;
    return faultSnapshots({ faults, since: this.#faultsSince }, this.overrides.faults, Date.now());
  }

  /** The contents of its files that are in use. */
  get tlsFiles(): TlsFiles {
    return this.#tlsFiles;
  }

  start(): Promise<void> {
    return this.targets.start();
  }

  stop(): Promise<void> {
    return this.targets.stop();
  }

  /** @throws {TlsError} when a certificate cannot be used; nothing has changed. */
  async prepare(next: AppConfig, files: TlsFiles): Promise<Prepared> {
    const useTls = await this.#tls.prepare(next, files);
    const targets = next === this.#config ? undefined : await this.targets.prepare(next);
    return {
      commit: (): void => {
        useTls();
        targets?.commit();
        if (JSON.stringify(next.faults) !== JSON.stringify(this.#config.faults)) {
          this.#faultsSince = this.#now();
        }
        this.#config = next;
        this.#tlsFiles = files;
      },
      discard: async (): Promise<void> => {
        await targets?.discard();
      },
    };
  }

  #now(): Moment {
    return { clockMs: this.#clock.nowMs(), epochMs: Date.now() };
  }
}
