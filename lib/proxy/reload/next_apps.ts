import { type Prepared, readTlsFiles, type TlsFiles } from "../../app/mod.ts";
import { errorMessage } from "../../base/mod.ts";
import type { AppConfig } from "../../config/parsed.ts";
import { StartError } from "../start_error.ts";
import type { ReloadStep } from "./reloader.ts";

/** An app that a reload can prepare. */
export interface ReloadableApp {
  /** Begins to check and discover. */
  start(): Promise<void>;
  /** Gets ready for another config or other contents of its files. */
  prepare(config: AppConfig, files: TlsFiles): Promise<Prepared>;
  stop(): Promise<void>;
}

/** The apps of a config that is not in effect yet: some as they are, some ready to change, some new. */
export interface NextApps<A extends ReloadableApp> {
  /** By name, in the order of the config. */
  readonly apps: ReadonlyMap<string, A>;
  /** Those of before that it does not name. */
  readonly gone: readonly A[];
  /** Changes the apps that stay. */
  commit(): void;
  /** Stops the new ones. */
  discard(): Promise<void>;
}

export interface NextAppsOptions<A extends ReloadableApp> {
  /** The apps in effect, by name. */
  readonly current: ReadonlyMap<string, A>;
  /** Builds a new app; starts nothing. */
  create(config: AppConfig, files: TlsFiles): Promise<A>;
}

/**
 * Gets the apps of another config ready. New ones have begun to check and discover when this resolves.
 *
 * @throws {StartError} when one cannot work; nothing has changed.
 */
export async function prepareApps<A extends ReloadableApp>(
  { config, diff, files, renewed }: ReloadStep,
  { current, create }: NextAppsOptions<A>,
): Promise<NextApps<A>> {
  const changes: Prepared[] = [];
  const added: A[] = [];
  const discard = async (): Promise<void> => {
    await Promise.all([...changes.map((change) => change.discard()), ...added.map((app) => app.stop())]);
  };
  const isChanged = (name: string): boolean =>
    renewed.has(name) || diff.apps.some((app) => app.name === name && app.change !== "kept");
  const next = async (app: AppConfig): Promise<A> => {
    const running = current.get(app.name);
    if (running !== undefined) {
      if (isChanged(app.name)) changes.push(await running.prepare(app, await readTlsFiles(app, files)));
      return running;
    }
    const made = await create(app, await readTlsFiles(app, files));
    added.push(made);
    await made.start();
    return made;
  };
  const apps = new Map<string, A>();
  for (const app of config.apps) {
    try {
      apps.set(app.name, await next(app));
    } catch (error) {
      await discard();
      throw startError(app.name, error);
    }
  }
  return {
    apps,
    gone: [...current].flatMap(([name, app]) => apps.has(name) ? [] : [app]),
    discard,
    commit: (): void => {
      for (const change of changes) change.commit();
    },
  };
}

/** The error of an app that cannot start. */
export function startError(app: string, error: unknown): StartError {
  return new StartError(`start app "${app}": ${errorMessage(error)}`, { cause: error });
}
