/** What a key of the translation may hold. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | YamlMap;

/** A key with its value, and a comment behind it. */
export interface YamlEntry {
  readonly key: string;
  readonly value: YamlValue;
  readonly comment?: string | undefined;
}

/** A mapping whose keys keep the order in which they were first set. */
export class YamlMap {
  readonly #entries = new Map<string, YamlEntry>();
  /** Lines of comment above it. */
  readonly comments: string[] = [];

  get entries(): readonly YamlEntry[] {
    return [...this.#entries.values()];
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): YamlValue | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Sets a key unless there is nothing to say of it. */
  set(key: string, value: YamlValue | undefined, comment?: string): this {
    if (value !== undefined) this.#entries.set(key, { key, value, comment });
    return this;
  }

  /** The mapping at a key, which is made if there is none. */
  map(key: string): YamlMap {
    const found = this.get(key);
    if (found instanceof YamlMap) return found;
    const made = new YamlMap();
    this.set(key, made);
    return made;
  }

  /** Whether both say the same. */
  equals(other: YamlMap): boolean {
    return JSON.stringify(plain(this)) === JSON.stringify(plain(other));
  }
}

/** A value without comments, as JSON would have it. */
export function plain(value: YamlValue): unknown {
  if (value instanceof YamlMap) {
    return Object.fromEntries(value.entries.map(({ key, value }) => [key, plain(value)]));
  }
  return isList(value) ? value.map(plain) : value;
}

/** Makes a mapping of pairs; what is `undefined` is left out. */
export function yamlMap(pairs: Readonly<Record<string, YamlValue | undefined>>): YamlMap {
  const map = new YamlMap();
  for (const [key, value] of Object.entries(pairs)) map.set(key, value);
  return map;
}

/** Whether a value is a list. */
export function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}
