import { errorMessage } from "../../base/mod.ts";
import { FileTexts, type TlsFile, tlsFilesOf } from "../../app/mod.ts";
import {
  type AppConfig,
  type Config,
  type ConfigDiff,
  diffConfigs,
  isSameConfig,
  restartSettings,
} from "../../config/parsed.ts";
import type { CertificateExpiry } from "../../metrics/mod.ts";
import { firstCertificate } from "../../tls/mod.ts";
import type { ProxyObserver } from "../proxy_observer.ts";
import { StartError } from "../start_error.ts";
import { certificateExpiries } from "./certificate_expiries.ts";
import { checkFiles } from "./check_files.ts";
import type { FileProblem } from "./check_tls.ts";
import { ExpiryWatch, type Schedule } from "./expiry_watch.ts";
import type { ReloadedApp, ReloadedFile, ReloadPlan, ReloadProblem, ReloadResult } from "./reload_result.ts";

/** Time, as a test gives it. */
export interface WallTime {
  /** Milliseconds since 1970, by which certificates are judged; default `Date.now`. */
  readonly wallClockMs?: (() => number) | undefined;
  /** Default the runtime's timers. */
  readonly schedule?: Schedule | undefined;
}

/** A config that is to take the place of the one in effect, with the files that it names. */
export interface ReloadStep {
  readonly config: Config;
  readonly diff: ConfigDiff;
  /** The files as read; every required one is readable. */
  readonly files: FileTexts;
  /** The names of apps of which a file has other content than before. */
  readonly renewed: ReadonlySet<string>;
  /** The config in effect. */
  readonly previous: { readonly config: Config; readonly files: FileTexts };
}

export interface ReloaderOptions extends WallTime {
  /** The files in use, as read. */
  readonly files: FileTexts;
  readonly observer: Pick<ProxyObserver, "certificateExpiring">;
  /** Whether something that a config would only keep must be put into effect again. Never rejects; default: nothing. */
  isBroken?(): Promise<boolean>;
  /**
   * Puts a config into effect, all of it or nothing: calls `commit` when there is no way back, and resolves with what an
   * operator must know that went wrong after that. When it rejects, nothing has changed.
   */
  apply(step: ReloadStep, commit: () => void): Promise<readonly ReloadProblem[]>;
}

/** Puts other configs and certificates into effect while the proxy runs, and looks once a day which certificates expire. */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #wallClockMs: () => number;
  readonly #watch: ExpiryWatch;
  #config: Config;
  #isWatching = false;
  /** The config in use. */
  #files: FileTexts;
  /** The certificates found by {@link Reloader.certificates}, by file. */
  #expiries:
    | { readonly config: Config; readonly files: FileTexts; readonly found: Promise<CertificateExpiry[]> }
    | undefined;
  #running: Promise<ReloadResult> | undefined;
  #waiting: { next: Config | undefined; readonly result: Promise<ReloadResult> } | undefined;

  constructor(config: Config, options: ReloaderOptions) {
    this.#config = config;
    this.#options = options;
    this.#files = options.files;
    this.#wallClockMs = options.wallClockMs ?? Date.now;
    this.#watch = new ExpiryWatch({
      schedule: options.schedule,
      look: async () =>
        (await this.#problems(this.#config, this.#files)).filter(({ isAboutTime }) => isAboutTime),
      report: (problem) => options.observer.certificateExpiring(problem),
    });
  }

  /** The config in effect. */
  get config(): Config {
    return this.#config;
  }

  /** Until when the certificates in use are valid. */
  certificates(): Promise<readonly CertificateExpiry[]> {
    if (this.#expiries?.files !== this.#files || this.#expiries.config !== this.#config) {
      const [config, files] = [this.#config, this.#files];
      this.#expiries = { config, files, found: certificateExpiries(config, files) };
    }
    return this.#expiries.found;
  }

  /** Looks at certificates once a day from now on, where the config has any. */
  watch(): void {
    this.#isWatching = true;
    if (this.#config.apps.some((app) => tlsFilesOf(app).length > 0)) this.#watch.start();
  }

  /** Ends that; resolves when no reload is under way. A later one still works. */
  async stop(): Promise<void> {
    this.#watch.stop();
    while (this.#running !== undefined) await this.#running;
  }

  /**
   * Puts a config into effect, by default the same one with its files read again. One reload runs at a time; those that are
   * asked for meanwhile become one, which begins when it has ended and takes the config given last. Never rejects.
   */
  reload(next?: Config): Promise<ReloadResult> {
    if (this.#running === undefined) {
      this.#running = this.#reload(next ?? this.#config).finally(() => this.#running = undefined);
      return this.#running;
    }
    if (this.#waiting === undefined) {
      const result = this.#running.then(() => {
        const config = this.#waiting?.next;
        this.#waiting = undefined;
        return this.reload(config);
      });
      this.#waiting = { next, result };
    } else {
      this.#waiting.next = next ?? this.#waiting.next;
    }
    return this.#waiting.result;
  }

  /** Returns the plan of a reload and its problems. Changes nothing; never rejects. */
  async plan(next: Config = this.#config): Promise<ReloadPlan> {
    const { diff, apps, problems, refusals } = await this.#examine(next);
    return { diff, apps, problems: [...refusals, ...problems.filter((each) => !refusals.includes(each))] };
  }

  async #reload(next: Config): Promise<ReloadResult> {
    try {
      const { diff, files, apps, renewed, problems, refusals } = await this.#examine(next);
      if (refusals.length > 0) return { kind: "refused", problems: refusals };
      const previous = { config: this.#config, files: this.#files };
      const isSame = isSameConfig(diff) && renewed.size === 0 && !(await this.#options.isBroken?.());
      const late = isSame
        ? []
        : await this.#options.apply({ config: next, diff, files, renewed, previous }, () => {
          this.#files = files;
          this.#config = next;
        });
      if (this.#isWatching) this.watch();
      const restarts = restartSettings(diff).map(restartProblem);
      return { kind: "done", diff, apps, warnings: [...late, ...restarts, ...problems] };
    } catch (error) {
      return { kind: "refused", problems: [refusalOf(error)] };
    }
  }

  /** Reads every file that the config names, and compares it with what is in effect. */
  async #examine(next: Config): Promise<Examined> {
    const diff = diffConfigs(this.#config, next);
    const files = new FileTexts();
    const changed = await Promise.all(next.apps.map((app) => this.#changes(app, files)));
    const problems = await this.#problems(next, files);
    return {
      diff,
      files,
      problems,
      refusals: problems.filter((problem) => problem.isFatal || this.#isWorse(problem, changed)),
      renewed: new Set(next.apps.flatMap(({ name }, at) => (changed[at] ?? []).length > 0 ? [name] : [])),
      apps: changed.flatMap((changes, index) => reloadedApp(changes, next.apps[index])),
    };
  }

  #problems(config: Config, files: FileTexts): Promise<FileProblem[]> {
    return checkFiles(config, { files, nowMs: this.#wallClockMs() });
  }

  /** The app's files that hold something else than those in use. */
  async #changes(app: AppConfig, files: FileTexts): Promise<Changed[]> {
    const found = await Promise.all(
      tlsFilesOf(app).map(async ({ file, kind }): Promise<Changed[]> => {
        const [before, after] = await Promise.all([textOf(this.#files, file), textOf(files, file)]);
        if (after === undefined || after === before) return [];
        const facts = kind === "certificate" ? await firstCertificate(after) : undefined;
        const nowMs = this.#wallClockMs();
        const isValid = facts === undefined || (nowMs >= facts.validFromMs && nowMs < facts.validToMs);
        return [{ file, kind, isValid, validToMs: facts?.validToMs }];
      }),
    );
    return found.flat();
  }

  /** Whether a problem of time is that of a certificate which has just come: the one in use can hardly be worse. */
  #isWorse({ file, severity }: FileProblem, apps: readonly Changed[][]): boolean {
    return severity === "error" && apps.flat().some((each) => each.file === file && !each.isValid);
  }
}

function reloadedApp(changes: readonly Changed[], config: AppConfig | undefined): ReloadedApp[] {
  if (config === undefined || tlsFilesOf(config).length === 0) return [];
  return [{ app: config.name, files: changes.map(({ file, validToMs }) => ({ file, validToMs })) }];
}

function restartProblem(key: string): ReloadProblem {
  return {
    app: undefined,
    file: undefined,
    path: [key],
    message: `"${key}" is read at the start alone: restart to put the new value into effect`,
    severity: "warning",
  };
}

/** A listener that cannot be bound, most likely; anything else is an internal error. The old config is in effect. */
function refusalOf(error: unknown): ReloadProblem {
  return programProblem(error instanceof StartError ? error.message : `reload: ${errorMessage(error)}`);
}

/** A problem of no app or file. */
export function programProblem(message: string): ReloadProblem {
  return { app: undefined, file: undefined, path: [], message, severity: "error" };
}

/** A config held against the one in effect. */
interface Examined extends Pick<ReloadStep, "diff" | "files" | "renewed"> {
  readonly apps: readonly ReloadedApp[];
  readonly problems: readonly FileProblem[];
  /** Those of the problems that keep the config from being put into effect. */
  readonly refusals: readonly FileProblem[];
}

interface Changed extends TlsFile, ReloadedFile {
  /** For a certificate, whether it is valid now. */
  readonly isValid: boolean;
}

async function textOf(files: FileTexts, file: string): Promise<string | undefined> {
  const found = await files.read(file);
  return "text" in found ? found.text : undefined;
}
