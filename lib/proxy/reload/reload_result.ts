import type { ConfigDiff, Path } from "../../config/parsed.ts";

/** The result of a reload. */
export type ReloadResult =
  /** The config is in effect. */
  | {
    readonly kind: "done";
    /** The changes. */
    readonly diff: ConfigDiff;
    /** The apps that need files, in the order of the config. */
    readonly apps: readonly ReloadedApp[];
    /** Warnings for the operator: a setting that needs a restart, a certificate that expires soon. */
    readonly warnings: readonly ReloadProblem[];
  }
  /** Nothing has changed: what was in use stays in use. */
  | { readonly kind: "refused"; readonly problems: readonly ReloadProblem[] };

/** The plan of a reload. */
export interface ReloadPlan {
  readonly diff: ConfigDiff;
  /** The apps that need files, in the order of the config. */
  readonly apps: readonly ReloadedApp[];
  /** Errors, which would refuse the config, come first. */
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
  /** For a certificate that the app presents, the end of its validity in milliseconds since 1970; else `undefined`. */
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
  /** The fault and the remedy. */
  readonly message: string;
  readonly severity: "error" | "warning";
}
