/** One thing that is wrong in one place. */
export interface Finding {
  /** Relative to the repository's root, with slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What is wrong, and what is expected. */
  readonly message: string;
}

/** `file:line: message`, which editors and terminals make a link of. */
export function formatFinding(finding: Finding): string {
  return `${finding.file}:${finding.line}: ${finding.message}`;
}
