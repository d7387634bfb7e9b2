/** The log of connections: lines on stdout, which is read, or a file. */
export type LogPlan = "stdout" | { readonly file: string };

/** What a proxy is started with, the same for every subject. */
export interface Plan {
  /** The address that clients connect to. */
  readonly host: string;
  readonly port: number;
  readonly targets: readonly string[];
  /** Where the admin API listens. */
  readonly admin: string;
  readonly token?: string;
  readonly log: LogPlan;
  /** Words before the program. */
  readonly prefix: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workers: number;
  /** How long a dial may take, and how long a connection may carry nothing. */
  readonly connectS: number;
  readonly idleS: number;
  /** Other options of the app; peers do not have them. */
  readonly app: Readonly<Record<string, unknown>>;
  /** Another program in place of the shipped one. */
  readonly main?: URL;
}

/** Limits of every subject, short so that a round is. */
export const LIMITS = { connectS: 1, idleS: 6 } as const;

/** For faults that are a lot of work. */
export const LONG = { connectS: 10, idleS: 60 } as const;
