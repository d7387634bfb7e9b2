import type { Config } from "./model/config.ts";
import { EMBEDDED_CONFIG } from "./load.ts";
import { type ParsedConfig, parseText, reportOf } from "./_parse.ts";
import { Assembly, type WrittenApp } from "./include/assembly.ts";
import type { ReadFile } from "./include/read_file.ts";
import { folderOf } from "./resolve/paths.ts";
import { readBounded } from "./yaml/read.ts";
import type { ConfigError, Path, Problem } from "./report/problem.ts";

/**
 * A config with the text that it was read from, so that what is found wrong later (a certificate's file, say) is reported
 * as what the schema finds: with file, line and column.
 */
export class ConfigDocument {
  readonly config: Config;
  readonly #file: string;
  readonly #isSteady: boolean;
  readonly #idle: readonly Problem[];
  readonly #files: readonly ReadFile[];
  readonly #folders: readonly string[];
  #assembly: Assembly | undefined;

  private constructor(parsed: ParsedConfig, origin: { file: string; isSteady: boolean }) {
    this.config = parsed.config;
    this.#idle = parsed.idle;
    this.#files = parsed.files;
    this.#folders = parsed.folders;
    this.#file = origin.file;
    this.#isSteady = origin.isSteady;
  }

  /**
   * Reads a config file, as `loadConfig`.
   *
   * @throws {ConfigError}
   */
  static async load(path: string): Promise<ConfigDocument> {
    const { text, baseDirectory, isSteady } = await readBounded(path);
    const parsed = await parseText(text, { file: path, baseDirectory });
    return new ConfigDocument(parsed, { file: path, isSteady });
  }

  /** The shipped config, for when no file may be read. */
  static async embedded(): Promise<ConfigDocument> {
    const file = "config.yaml";
    const parsed = await parseText(EMBEDDED_CONFIG, { file, baseDirectory: "." });
    return new ConfigDocument(parsed, { file, isSteady: false });
  }

  /**
   * A config that is part of the program.
   *
   * @param file the name of its source, for messages.
   * @throws {ConfigError}
   */
  static async ofText(text: string, file: string): Promise<ConfigDocument> {
    return new ConfigDocument(await parseText(text, { file, baseDirectory: "." }), { file, isSteady: false });
  }

  /** Whether the file can be read again; standard input, and the shipped config, cannot. */
  get isSteady(): boolean {
    return this.#isSteady;
  }

  /** The environment variables that the config and the files that it includes refer to, each once. */
  get variables(): readonly string[] {
    return [...new Set(this.#files.flatMap(({ source }) => source?.variables ?? []))];
  }

  /** The files that it includes. */
  get included(): readonly string[] {
    return this.#files.slice(1).map(({ path }) => path);
  }

  /** The folders in which a file that is new, changed or gone makes it another config. */
  get folders(): readonly string[] {
    return [...new Set([...this.#files.map(({ path }) => folderOf(path)), ...this.#folders])];
  }

  /** The folders that patterns of `include` are looked up in. */
  get includeFolders(): readonly string[] {
    return this.#folders;
  }

  /** What tells it from the config that the same files hold at another time. */
  get fingerprint(): string {
    return JSON.stringify(this.#files.map(({ path, text }) => [path, text]));
  }

  /**
   * What an app says without any effect, for {@link ConfigDocument.errorFor}. What it has from elsewhere in the text, through
   * a merge key or an alias, is left out: what several apps share need not be of use to each.
   */
  warnings(): readonly Problem[] {
    return this.#idle.filter(({ file, path }) => this.#fileOf(file)?.source?.isShared(path) !== true);
  }

  /**
   * The error that says what is wrong with this config beyond its text. A path is that of the value in its app, `apps[0].tls`,
   * with the app's number in the whole config; where the app has it from `defaults`, those are shown. A problem with a file
   * has the path in it.
   */
  errorFor(problems: readonly Problem[]): ConfigError {
    const written = problems.map((problem) =>
      problem.file === undefined ? this.#whereWritten(problem) : problem
    );
    return reportOf(this.#file, this.#files, { problems: written, total: written.length });
  }

  #fileOf(file: string | undefined): ReadFile | undefined {
    return this.#files.find((each) => each.file === file);
  }

  /** An option that an app does not give itself is the one of `defaults`, whole: those of its file, or of the config. */
  #whereWritten(problem: Problem): Problem {
    const [apps, number, option, ...rest] = problem.path;
    const app = apps === "apps" && typeof number === "number" ? this.#appAt(number) : undefined;
    if (app === undefined) return problem;
    const own = (path: Path): Problem => ({
      ...problem,
      path,
      ...app.file === undefined ? {} : { file: app.file },
    });
    if (option === undefined) return own(app.path);
    const source = this.#fileOf(app.file)?.source;
    if (source?.has([...app.path, option])) return own([...app.path, option, ...rest]);
    const inherited: Path = ["defaults", option];
    if (source?.has(inherited)) return own([...inherited, ...rest]);
    const isCommon = this.#files[0]?.source?.has(inherited) === true;
    return isCommon ? { ...problem, path: [...inherited, ...rest] } : own([...app.path, option, ...rest]);
  }

  #appAt(number: number): WrittenApp | undefined {
    this.#assembly ??= new Assembly(this.#files);
    return this.#assembly.apps[number];
  }
}
