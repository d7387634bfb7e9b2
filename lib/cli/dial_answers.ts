/** The words for the answers of targets that could not be reached. */
export interface Answer {
  /** The target. */
  readonly label: string;
  /** The errno name. */
  readonly code: string;
  readonly message: string;
}

/** Different answers that a line shows; a list of a hundred targets helps nobody. */
const MAX_SHOWN = 10;

/**
 * Puts answers into one line, in the order in which they came, equal ones together:
 * `10.0.0.5:80: connection refused (ECONNREFUSED); db:80 (4 times): the name has no address (ENOTFOUND)`.
 */
export function describeAnswers(answers: readonly Answer[]): string {
  if (answers.length === 0) return "no target was tried";
  const groups = new Map<string, Map<string, number>>();
  for (const answer of answers) {
    const words = inWords(answer);
    const labels = groups.get(words) ?? new Map<string, number>();
    groups.set(words, labels.set(answer.label, (labels.get(answer.label) ?? 0) + 1));
  }
  const shown = [...groups].slice(0, MAX_SHOWN).map(([words, labels]) => `${listLabels(labels)}: ${words}`);
  const rest = groups.size - shown.length;
  return (rest > 0 ? [...shown, `and ${rest} other answers`] : shown).join("; ");
}

function listLabels(labels: ReadonlyMap<string, number>): string {
  const shown = [...labels].slice(0, MAX_SHOWN)
    .map(([label, count]) => count === 1 ? label : `${label} (${count} times)`);
  const rest = labels.size - shown.length;
  return (rest > 0 ? [...shown, `${rest} others`] : shown).join(", ");
}

function inWords({ code, message }: Answer): string {
  const words = WORDS[code];
  if (words !== undefined) return `${words} (${code})`;
  return code === "UNKNOWN" ? message : `${message} (${code})`;
}

/** Codes without an entry are described by their own message. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: "blocked by the system: a firewall, or the permissions of the socket",
  EAGAIN: "its backlog is full",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "no route to network",
  ENOENT: "no such socket file",
  ENOTFOUND: "the name has no address",
  NOT_CAPABLE: "blocked by the runtime; add the target to --allow-net",
};
