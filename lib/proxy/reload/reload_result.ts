import type { ConfigDiff, Path } from "../../config/mod.ts";

/** What came of a reload. */
export type ReloadResult =
  /** The config is in effect. */
  | {
    readonly kind: "done";
    /** What is other than before. */
    readonly diff: ConfigDiff;
    /** The apps that need files, in the order of the config. */
    readonly apps: readonly ReloadedApp[];
    /** What an operator should know all the same: a setting that takes a restart, a certificate that expires soon. */
    readonly warnings: readonly ReloadProblem[];
  }
  /** Nothing has changed: what was in use stays in use. */
  | { readonly kind: "refused"; readonly problems: readonly ReloadProblem[] };

/** What a reload would do. */
export interface ReloadPlan {
  readonly diff: ConfigDiff;
  /** The apps that need files, in the order of the config. */
  readonly apps: readonly ReloadedApp[];
  /** What would keep the config from being put into effect comes first. */
  readonly problems: readonly ReloadProblem[];
}

/** One app after a reload. */
export interface ReloadedApp {
  /** Its name. */
  readonly app: string;
  /** Those of its files that have other content than before; none when nothing has changed. */
  readonly files: readonly ReloadedFile[];
}

/** A file with other content than before. */
export interface ReloadedFile {
  readonly file: string;
  /** Of a certificate that the app shows, the end of its validity in milliseconds since 1970; else `undefined`. */
  readonly validToMs: number | undefined;
}

/** Something that is wrong, or will be. */
export interface ReloadProblem {
  /** The app's name; `undefined` for what is the program's own affair. */
  readonly app: string | undefined;
  /** The file at fault; `undefined` where it is none. */
  readonly file: string | undefined;
  /** The way to the value in the config, `apps[0].tls.certificates[0].cert`; empty where there is none. */
  readonly path: Path;
  /** What is wrong, and what is expected. */
  readonly message: string;
  readonly severity: "error" | "warning";
}
