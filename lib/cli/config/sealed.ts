/**
 * The config that is sealed into this executable, if any; see `tcpproxy seal`.
 *
 * @module
 */

/** A config that is part of the program. */
export interface SealedConfig {
  /** As YAML, with absolute paths. */
  readonly text: string;
  /** The file that it was sealed from, for messages. */
  readonly origin: string;
}

let sealed: SealedConfig | undefined;

/** Makes this the only config that commands read. Called once, before any command. */
export function sealWith(config: SealedConfig): void {
  sealed = config;
}

/** The config that is sealed into this executable; `undefined` for an ordinary one. */
export function sealedConfig(): SealedConfig | undefined {
  return sealed;
}
