/** Something that a translation says of the original. */
export interface Note {
  /** The line of the original, from 1. */
  readonly line: number;
  /**
   * `left_out`: it did something, and the translation does not do it. `changed`: it is translated, and differs in a way
   * that an operator should know.
   */
  readonly kind: "left_out" | "changed";
  /** What it is about, and what to do. */
  readonly text: string;
}

/** The notes of one translation: each thing is said once, however often its line applies. */
export class Notes {
  readonly #notes = new Map<string, Note>();

  leftOut(line: number, text: string): void {
    this.#add({ line, kind: "left_out", text });
  }

  changed(line: number, text: string): void {
    this.#add({ line, kind: "changed", text });
  }

  /** By line. */
  all(): Note[] {
    return [...this.#notes.values()].sort((a, b) => a.line - b.line);
  }

  #add(note: Note): void {
    const key = `${note.line} ${note.text}`;
    if (!this.#notes.has(key)) this.#notes.set(key, note);
  }
}
