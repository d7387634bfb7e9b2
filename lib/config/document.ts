import type { Config } from "./config.ts";
import { EMBEDDED_CONFIG, parseConfig } from "./load.ts";
import { locate, withoutRepetition } from "./_locate.ts";
import { readBounded } from "./_read.ts";
import { formatReport } from "./_report.ts";
import { ConfigError } from "./problem.ts";
import type { Path, Problem } from "./problem.ts";

/** What has become of a config's file since it was read. */
export type ConfigFileState =
  | { readonly kind: "same" | "changed" }
  /** It cannot be read; `message` says why, and begins with its path. */
  | { readonly kind: "unreadable"; readonly message: string };

/**
 * A config with the text that it was read from, so that what is found wrong later (a certificate's file, say) is reported
 * as what the schema finds: with file, line and column.
 */
export class ConfigDocument {
  readonly config: Config;
  readonly #file: string;
  readonly #text: string;
  readonly #isSteady: boolean;

  private constructor(config: Config, origin: { file: string; text: string; isSteady: boolean }) {
    this.config = config;
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
    const config = await parseConfig(text, { file: path, baseDirectory });
    return new ConfigDocument(config, { file: path, text, isSteady });
  }

  /** The shipped config, for when no file may be read. */
  static async embedded(): Promise<ConfigDocument> {
    const file = "config.yaml";
    const config = await parseConfig(EMBEDDED_CONFIG, { file, baseDirectory: "." });
    return new ConfigDocument(config, { file, text: EMBEDDED_CONFIG, isSteady: false });
  }

  /**
   * Reads the file again and holds it against what was read. What can be read only once, as standard input, and the
   * shipped config are always the same.
   */
  async fileState(): Promise<ConfigFileState> {
    if (!this.#isSteady) return { kind: "same" };
    try {
      const { text } = await readBounded(this.#file);
      return { kind: text === this.#text ? "same" : "changed" };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { kind: "unreadable", message: error.message };
    }
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
