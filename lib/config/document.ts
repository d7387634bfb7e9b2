import type { Config } from "./config.ts";
import { EMBEDDED_CONFIG, parseConfig } from "./load.ts";
import { locate, withoutRepetition } from "./_locate.ts";
import { readBounded } from "./_read.ts";
import { formatReport } from "./_report.ts";
import { ConfigError } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/**
 * A config with the text that it was read from, so that what is found wrong later (a certificate's file, say) is reported
 * as what the schema finds: with file, line and column.
 */
export class ConfigDocument {
  readonly config: Config;
  readonly #file: string;
  readonly #text: string;

  private constructor(config: Config, origin: { file: string; text: string }) {
    this.config = config;
    this.#file = origin.file;
    this.#text = origin.text;
  }

  /**
   * Reads a config file, as `loadConfig`.
   *
   * @throws {ConfigError}
   */
  static async load(path: string): Promise<ConfigDocument> {
    const { text, baseDirectory } = await readBounded(path);
    const config = await parseConfig(text, { file: path, baseDirectory });
    return new ConfigDocument(config, { file: path, text });
  }

  /** The shipped config, for when no file may be read. */
  static async embedded(): Promise<ConfigDocument> {
    const file = "config.yaml";
    const config = await parseConfig(EMBEDDED_CONFIG, { file, baseDirectory: "." });
    return new ConfigDocument(config, { file, text: EMBEDDED_CONFIG });
  }

  /**
   * The error that says what is wrong with this config beyond its text. A path is that of the value in its app, `apps[0].tls`;
   * where the app has it from `defaults`, those are shown.
   */
  async errorFor(problems: readonly Problem[]): Promise<ConfigError> {
    const text = this.#text.startsWith("\uFEFF") ? this.#text.slice(1) : this.#text;
    const { Source } = await import("./_source.ts");
    const source = Source.read(text);
    const written = problems.map((problem) => ({
      ...problem,
      path: source === undefined ? problem.path : whereWritten(problem.path, (path) => source.has(path)),
    }));
    const located = withoutRepetition(await locate(text, written));
    return new ConfigError(formatReport(this.#file, text, located, located.length), located);
  }
}

/** An option that an app does not give itself is the one of `defaults`, whole. */
function whereWritten(path: Path, has: (path: Path) => boolean): Path {
  const [apps, index, option, ...rest] = path;
  if (apps !== "apps" || index === undefined || option === undefined) return path;
  const isInherited = !has([apps, index, option]) && has(["defaults", option]);
  return isInherited ? ["defaults", option, ...rest] : path;
}
