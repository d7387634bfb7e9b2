const MAX_LENGTH = 63;

/** Makes names of an original into names of apps: of letters, digits and `-_.`, and each only once. */
export class Names {
  readonly #taken = new Set<string>();

  take(wanted: string): string {
    const base =
      wanted.replaceAll(/[^A-Za-z0-9_.-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "").slice(0, MAX_LENGTH - 4) ||
      "app";
    let name = base;
    for (let number = 2; this.#taken.has(name); number++) name = `${base}-${number}`;
    this.#taken.add(name);
    return name;
  }
}
