/**
 * What the program is told to do, with every default filled in and every text turned into the value that it means.
 *
 * @module
 */

import type { Address, TargetAddress } from "../base/mod.ts";

/** A whole configuration. */
export interface Config {
  readonly log: LogConfig;
  readonly shutdown: ShutdownConfig;
  /** At least one; no two share a name or an address. */
  readonly apps: readonly AppConfig[];
}

/** The levels of the operational log, the most talkative first. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

/** How log lines look. */
export const LOG_FORMATS = ["text", "json"] as const;

/** The strategies that choose among an app's targets. */
export const BALANCE_STRATEGIES = ["random"] as const;

/** The operational log and the access log. */
export interface LogConfig {
  readonly level: typeof LOG_LEVELS[number];
  readonly format: typeof LOG_FORMATS[number];
  /** Whether sessions are logged to standard output, or the path of the file that they are logged to. */
  readonly access: boolean | string;
}

/** How the program ends. */
export interface ShutdownConfig {
  /** How long sessions may go on after the listeners have closed. */
  readonly drainTimeoutMs: number;
  /** How long the listeners stay open after the signal. */
  readonly delayMs: number;
}

/** One app: addresses that are listened on, and the targets behind them. */
export interface AppConfig {
  readonly name: string;
  /** The ports that the config names by number, ranges expanded: what the start-up line shows. */
  readonly ports: readonly number[];
  /** Every address that is listened on: first one for each of `ports`, then those of `listen`. */
  readonly listen: readonly Address[];
  /** At least one. */
  readonly targets: readonly TargetConfig[];
  readonly balance: typeof BALANCE_STRATEGIES[number];
  /** The limit of one dial. */
  readonly connectTimeoutMs: number;
  /** The limit of all dials of one connection. */
  readonly connectDeadlineMs: number;
  /** How long neither direction may carry a byte; `Infinity` for no limit. */
  readonly idleTimeoutMs: number;
  /** How long the open direction may carry no byte once the other has ended; `Infinity` for no limit. */
  readonly halfCloseTimeoutMs: number;
  /** How long a connection may last, before jitter; `Infinity` for no limit. */
  readonly maxLifetimeMs: number;
  readonly bandwidth: BandwidthConfig;
}

/** Bytes per second of one connection; `undefined` for no limit. */
export interface BandwidthConfig {
  /** From client to target. */
  readonly upload: number | undefined;
  /** From target to client. */
  readonly download: number | undefined;
}

/** One target of an app. */
export interface TargetConfig {
  readonly address: TargetAddress;
  /** The address as text: what logs and metrics call the target. */
  readonly label: string;
}
