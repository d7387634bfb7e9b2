import { errorMessage } from "../base/mod.ts";
import type { ConfigFileState } from "../config/mod.ts";
import type { Logger } from "../log/mod.ts";
import type { ProxyControl } from "../proxy/mod.ts";
import { logReload } from "./reload_lines.ts";
import { withinMs } from "./shut_down.ts";

export interface HangUpOptions {
  readonly log: Logger;
  /** Opens the log's file anew. */
  reopenLog(): void;
  /** Default the config has none. */
  readonly configFile?: ConfigFile | undefined;
}

/** The file of the config that runs. */
export interface ConfigFile {
  readonly path: string;
  /** What has become of it since the start. */
  state(): Promise<ConfigFileState>;
}

/** What a signal asks of a proxy. */
export type Reloadable = Pick<ProxyControl, "reload">;

/** How long the config's file may take to be read. */
const CONFIG_LIMIT_MS = 10_000;

/**
 * What the program does at SIGHUP: the log is opened anew at once, and the apps' certificates are read again, as soon as
 * there is a proxy. Of several signals that come while one is dealt with, one more is.
 */
export class HangUp implements Disposable {
  readonly #options: HangUpOptions;
  #proxy: Reloadable | undefined;
  #isWanted = false;
  #isRunning = false;
  #isClosed = false;

  constructor(options: HangUpOptions) {
    this.#options = options;
  }

  /** The signal has come. */
  ring(): void {
    if (this.#isClosed) return;
    this.#options.reopenLog();
    this.#isWanted = true;
    this.#begin();
  }

  /** The proxy runs. What was wanted before is done now: files may have changed since they were read. */
  attach(proxy: Reloadable): void {
    this.#proxy = proxy;
    this.#begin();
  }

  /** The program ends: nothing more is read, or said of what is under way. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
  }

  #begin(): void {
    if (this.#isRunning || this.#proxy === undefined) return;
    this.#isRunning = true;
    void this.#run(this.#proxy);
  }

  /** Never rejects. */
  async #run(proxy: Reloadable): Promise<void> {
    const { log } = this.#options;
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      try {
        const result = await proxy.reload();
        if (!this.#isClosed) logReload(log, result, "SIGHUP");
        await this.#compareConfig();
      } catch (error) {
        log.error("SIGHUP: {error}", { error: errorMessage(error) });
      }
    }
    this.#isRunning = false;
  }

  /** Says where the config's file is no longer what runs: an operator who reloads may think that it is. */
  async #compareConfig(): Promise<void> {
    const { log, configFile } = this.#options;
    if (configFile === undefined) return;
    const { path } = configFile;
    const read: ConfigFileState[] = [];
    await withinMs(configFile.state().then((state) => void read.push(state)), CONFIG_LIMIT_MS);
    const state = read[0] ?? { kind: "unreadable", message: `${path}: it was not read within 10 s` };
    if (this.#isClosed || state.kind === "same") return;
    if (state.kind === "unreadable") {
      return log.warning("SIGHUP: a restart would fail, the config cannot be read again: {message}", {
        message: state.message,
      });
    }
    log.warning(
      "SIGHUP: the config {path} has changed since the start, and certificates alone are read again: " +
        'a restart is needed for the rest ("tcpproxy check -c {path}" first)',
      { path },
    );
  }
}
