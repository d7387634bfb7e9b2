/** Chooses a value by server name. */
export class ServerNames<T> {
  readonly #exact = new Map<string, T>();
  /** By the part after `*.`. */
  readonly #wildcard = new Map<string, T>();
  readonly #first: T;

  /**
   * @param entries the first is the default for no name and unknown names; of two with the same name the first
   * counts.
   */
  constructor(entries: readonly [ServerNamesEntry<T>, ...ServerNamesEntry<T>[]]) {
    this.#first = entries[0].value;
    for (const { names, value } of entries) {
      for (const name of names) {
        const key = normalize(name);
        const map = key.startsWith("*.") ? this.#wildcard : this.#exact;
        const domain = key.startsWith("*.") ? key.slice(2) : key;
        if (!map.has(domain)) map.set(domain, value);
      }
    }
  }

  /**
   * Returns the value for a name: an exact match before a wildcard, which stands for one label (RFC 9525 section
   * 6.3), else the first entry.
   */
  choose(serverName: string): T {
    const name = normalize(serverName);
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf(".");
    return (dot > 0 ? this.#wildcard.get(name.slice(dot + 1)) : undefined) ?? this.#first;
  }
}

/** A value and its names, which may start with the label `*`. */
export interface ServerNamesEntry<T> {
  readonly names: readonly string[];
  readonly value: T;
}

/** Names compare without case and final dot (RFC 6066 section 3). */
function normalize(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
