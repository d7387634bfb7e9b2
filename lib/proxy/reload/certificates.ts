import { errorMessage } from "../../base/mod.ts";
import type { AppConfig, Config } from "../../config/mod.ts";
import { firstCertificate } from "../../tls/mod.ts";
import { checkTlsFiles, type FileProblem } from "./check_tls.ts";
import { ExpiryWatch, type Schedule } from "./expiry_watch.ts";
import { FileTexts, type NextTlsFiles, readTlsFiles, type TlsFile, tlsFilesOf } from "../../app/mod.ts";
import type { ProxyObserver } from "../observer.ts";
import type { ReloadedApp, ReloadedFile, ReloadProblem, ReloadResult } from "../reload_result.ts";

/** Time, as a test gives it. */
export interface WallTime {
  /** Milliseconds since 1970, by which certificates are judged; default `Date.now`. */
  readonly wallClockMs?: (() => number) | undefined;
  /** Default the runtime's timers. */
  readonly schedule?: Schedule | undefined;
}

export interface CertificatesOptions extends WallTime {
  /** What was read of the files when they were put to use. */
  readonly files: FileTexts;
  readonly observer: Pick<ProxyObserver, "certificateExpiring">;
  /**
   * Puts the texts of apps to use, of all or of none: calls `commit` when there is no way back, and resolves with what an
   * operator must know that went wrong after that. When it rejects, nothing has changed.
   */
  apply(changed: readonly NextTlsFiles[], commit: () => void): Promise<readonly ReloadProblem[]>;
}

/** The files that the apps of a running proxy need: read again when that is asked for, and looked at once a day. */
export class Certificates {
  readonly #config: Config;
  readonly #options: CertificatesOptions;
  readonly #wallClockMs: () => number;
  readonly #watch: ExpiryWatch;
  /** What is in use. */
  #files: FileTexts;
  #running: Promise<ReloadResult> | undefined;
  #waiting: Promise<ReloadResult> | undefined;

  constructor(config: Config, options: CertificatesOptions) {
    this.#config = config;
    this.#options = options;
    this.#files = options.files;
    this.#wallClockMs = options.wallClockMs ?? Date.now;
    this.#watch = new ExpiryWatch({
      schedule: options.schedule,
      look: async () => (await this.#problems(this.#files)).filter(({ isAboutTime }) => isAboutTime),
      tell: (problem) => options.observer.certificateExpiring(problem),
    });
  }

  /** Begins to look once a day, where there is something to look at. */
  watch(): void {
    if (this.#config.apps.some((app) => tlsFilesOf(app).length > 0)) this.#watch.start();
  }

  /** Ends that. A reload still works. */
  stop(): void {
    this.#watch.stop();
  }

  /**
   * Reads the files again. One reload runs at a time; whoever asks meanwhile gets the one after it, which begins when it
   * has ended and so sees what they have changed. Never rejects.
   */
  reload(): Promise<ReloadResult> {
    if (this.#running === undefined) {
      this.#running = this.#reload().finally(() => this.#running = undefined);
      return this.#running;
    }
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.reload();
    });
    return this.#waiting;
  }

  async #reload(): Promise<ReloadResult> {
    try {
      const files = new FileTexts();
      const apps = await Promise.all(this.#config.apps.map((app) => this.#changes(app, files)));
      const problems = await this.#problems(files);
      const fatal = problems.filter((problem) => problem.isFatal || this.#isWorse(problem, apps));
      if (fatal.length > 0) return { kind: "refused", problems: fatal };
      const late = await this.#use(files, apps);
      return {
        kind: "done",
        apps: apps.flatMap((changes, index) => this.#reloaded(changes, this.#config.apps[index])),
        warnings: [...late, ...problems],
      };
    } catch (error) {
      // Each text was checked; what remains is a defect, and the old ones are in use.
      return {
        kind: "refused",
        problems: [programProblem(`use the new certificates: ${errorMessage(error)}`)],
      };
    }
  }

  /** Puts to use what has changed. */
  async #use(files: FileTexts, apps: readonly Changed[][]): Promise<readonly ReloadProblem[]> {
    const changed = await Promise.all(apps.flatMap((changes, index) => {
      const config = this.#config.apps[index];
      if (changes.length === 0 || config === undefined) return [];
      return [readTlsFiles(config, files).then((tlsFiles): NextTlsFiles => ({ app: config.name, tlsFiles }))];
    }));
    if (changed.length === 0) return [];
    return await this.#options.apply(changed, () => this.#files = files);
  }

  #problems(files: FileTexts): Promise<FileProblem[]> {
    return checkTlsFiles(this.#config, { files, nowMs: this.#wallClockMs() });
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

  #reloaded(changes: readonly Changed[], config: AppConfig | undefined): ReloadedApp[] {
    if (config === undefined || tlsFilesOf(config).length === 0) return [];
    return [{ app: config.name, files: changes.map(({ file, validToMs }) => ({ file, validToMs })) }];
  }
}

/** What is wrong with the program, or with a part of it. */
export function programProblem(message: string): ReloadProblem {
  return { app: undefined, file: undefined, path: [], message, severity: "error" };
}

interface Changed extends TlsFile, ReloadedFile {
  /** Of a certificate, whether it has begun and has not expired. */
  readonly isValid: boolean;
}

async function textOf(files: FileTexts, file: string): Promise<string | undefined> {
  const found = await files.read(file);
  return "text" in found ? found.text : undefined;
}
