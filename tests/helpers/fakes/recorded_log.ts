import type { Logger, LogLevel } from "../../../lib/log/mod.ts";

/** Keeps lines as `level message`, with the properties filled in. */
export class RecordedLog implements Logger {
  readonly lines: string[] = [];
  /** The levels that are written; default all. */
  readonly #levels: ReadonlySet<LogLevel>;

  constructor(levels: readonly LogLevel[] = ["debug", "info", "warning", "error"]) {
    this.#levels = new Set(levels);
  }

  isEnabledFor(level: LogLevel): boolean {
    return this.#levels.has(level);
  }

  debug(message: string, properties?: Record<string, unknown>): void {
    this.#add("debug", message, properties);
  }

  info(message: string, properties?: Record<string, unknown>): void {
    this.#add("info", message, properties);
  }

  warning(message: string, properties?: Record<string, unknown>): void {
    this.#add("warning", message, properties);
  }

  error(message: string, properties?: Record<string, unknown>): void {
    this.#add("error", message, properties);
  }

  #add(level: LogLevel, message: string, properties: Record<string, unknown> = {}): void {
    if (!this.isEnabledFor(level)) return;
    const filled = message.replace(
      /\{(\w+)\}/g,
      (name, key) => key in properties ? String(properties[key]) : name,
    );
    this.lines.push(`${level} ${filled}`);
  }
}
