import type { Note } from "./note.ts";

/** A config of another proxy as one of this. */
export interface Translation {
  /** The config; without any app where nothing of the original could be translated. */
  readonly yaml: string;
  /** How many apps it has. */
  readonly apps: number;
  /** What was left out or is different, by line. */
  readonly notes: readonly Note[];
}

/** The programs whose configs can be translated. */
export const IMPORT_FORMATS = ["haproxy", "nginx"] as const;

/** One of {@link IMPORT_FORMATS}. */
export type ImportFormat = typeof IMPORT_FORMATS[number];
