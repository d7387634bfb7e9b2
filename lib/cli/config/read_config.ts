import type { Config, ConfigDocument } from "../../config/mod.ts";
import { type ConfigSource, findConfig } from "./find_config.ts";

/** A config that was read, and where it came from. */
export interface ReadConfig {
  readonly config: Config;
  /** The config with its text, for what is found wrong with it later. */
  readonly document: ConfigDocument;
  readonly source: ConfigSource;
}

/**
 * Finds the config that a command is to read, and reads it.
 *
 * @param path what `--config` gave.
 * @throws {UsageError} when there is none that may be read; `ConfigError` when it cannot be used.
 */
export async function readConfig(path: string | undefined): Promise<ReadConfig> {
  // First, so that a missing file is said before anything is loaded for it.
  const source = await findConfig(path);
  const { ConfigDocument } = await import("../../config/mod.ts");
  const document = await load(source);
  return { config: document.config, document, source };

  function load(source: ConfigSource): Promise<ConfigDocument> {
    switch (source.kind) {
      case "file":
        return ConfigDocument.load(source.path);
      case "embedded":
        return ConfigDocument.embedded();
      case "sealed":
        return ConfigDocument.ofText(source.config.text, source.config.origin);
    }
  }
}
