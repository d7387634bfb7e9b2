import type { Config } from "./model/config.ts";
import { EMBEDDED_CONFIG } from "./load.ts";
import { locate, withoutRepetition } from "./report/locate.ts";
import { type ParsedConfig, parseText, withoutMark } from "./_parse.ts";
import { readBounded } from "./yaml/read.ts";
import type { Source } from "./yaml/source.ts";
import { formatReport } from "./report/report.ts";
import { ConfigError } from "./report/problem.ts";
import type { Path, Problem } from "./report/problem.ts";

/**
 * A config with the text that it was read from, so that what is found wrong later (a certificate's file, say) is reported
 * as what the schema finds: with file, line and column.
 */
export class ConfigDocument {
  readonly config: Config;
  readonly #file: string;
  readonly #text: string;
  readonly #isSteady: boolean;
  readonly #idle: readonly Problem[];

  private constructor(parsed: ParsedConfig, origin: { file: string; text: string; isSteady: boolean }) {
    this.config = parsed.config;
    this.#idle = parsed.idle;
    this.#file = origin.file;
    this.#text = origin.text;
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
    return new ConfigDocument(parsed, { file: path, text, isSteady });
  }

  /** The shipped config, for when no file may be read. */
  static async embedded(): Promise<ConfigDocument> {
    const file = "config.yaml";
    const parsed = await parseText(EMBEDDED_CONFIG, { file, baseDirectory: "." });
    return new ConfigDocument(parsed, { file, text: EMBEDDED_CONFIG, isSteady: false });
  }

  /** Whether the file can be read again; standard input, and the shipped config, cannot. */
  get isSteady(): boolean {
    return this.#isSteady;
  }

  /**
   * What an app says without any effect, for {@link ConfigDocument.errorFor}. What it has from elsewhere in the text, through
   * a merge key or an alias, is left out: what several apps share need not be of use to each.
   */
  async warnings(): Promise<readonly Problem[]> {
    if (this.#idle.length === 0) return [];
    const source = await this.#source();
    return this.#idle.filter(({ path }) => source?.isShared(path) !== true);
  }

  /**
   * The error that says what is wrong with this config beyond its text. A path is that of the value in its app, `apps[0].tls`;
   * where the app has it from `defaults`, those are shown.
   */
  async errorFor(problems: readonly Problem[]): Promise<ConfigError> {
    const source = await this.#source();
    const written = problems.map((problem) => ({
      ...problem,
      path: source === undefined ? problem.path : whereWritten(problem.path, (path) => source.has(path)),
    }));
    const located = withoutRepetition(await locate(withoutMark(this.#text), written));
    return new ConfigError(
      formatReport(this.#file, withoutMark(this.#text), located, located.length),
      located,
    );
  }

  /** The places of the text; `undefined` where the parser that has them does not take it. */
  async #source(): Promise<Source | undefined> {
    const { Source } = await import("./yaml/source.ts");
    return Source.read(withoutMark(this.#text));
  }
}

/** An option that an app does not give itself is the one of `defaults`, whole. */
function whereWritten(path: Path, has: (path: Path) => boolean): Path {
  const [apps, index, option, ...rest] = path;
  if (apps !== "apps" || index === undefined || option === undefined) return path;
  const isInherited = !has([apps, index, option]) && has(["defaults", option]);
  return isInherited ? ["defaults", option, ...rest] : path;
}
