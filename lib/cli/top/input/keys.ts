/** A key, or a whole paste. */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "key"; readonly name: KeyName };

/** A key that writes nothing. `interrupt` is Ctrl-C, `redraw` Ctrl-L, `erase` Ctrl-U. */
export type KeyName =
  | "up"
  | "down"
  | "left"
  | "right"
  | "page_up"
  | "page_down"
  | "home"
  | "end"
  | "enter"
  | "escape"
  | "tab"
  | "back_tab"
  | "backspace"
  | "delete"
  | "help"
  | "quit"
  | "interrupt"
  | "redraw"
  | "erase";

const CONTROLS: Readonly<Record<string, KeyName>> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
  "\x0c": "redraw",
  "\x15": "erase",
};

/** What follows CSI or SS3, without modifiers (ECMA-48, and xterm's "Control Sequences"). */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "back_tab",
  P: "help",
  "1~": "home",
  "3~": "delete",
  "4~": "end",
  "5~": "page_up",
  "6~": "page_down",
  "7~": "home",
  "8~": "end",
  "11~": "help",
  "21~": "quit",
};

const PASTE_BEGIN = "\x1b[200~";
const PASTE_END = "\x1b[201~";

/** The longest paste that is kept while its end is awaited; more is dropped. */
const MAX_PASTE = 4096;

// deno-lint-ignore no-control-regex -- it matches what a terminal sends
const SEQUENCE = /^\x1b(?:\[([\d;<=>?]*)([\x20-\x2f]*[\x40-\x7e])|O(.))/;

/** Whether a text may be the beginning of a sequence. */
// deno-lint-ignore no-control-regex -- it matches what a terminal sends
const UNFINISHED = /^\x1b(?:\[[\d;<=>?]*[\x20-\x2f]*|O)?$/;

/** Reads keys from what a terminal in raw mode sends, however it is divided. Sequences that it does not know are dropped. */
export class KeyReader {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #paste: string | undefined;

  /** Whether what came last may be the Escape key, or the beginning of another key. */
  get isWaiting(): boolean {
    return this.#rest !== "";
  }

  /** Takes what has come, and returns the keys that are complete. */
  read(bytes: Uint8Array): Key[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    return this.#keys();
  }

  /** Returns the keys of what no more has followed in time: the Escape key. */
  flush(): Key[] {
    if (this.#paste !== undefined || this.#rest === "") return [];
    const rest = this.#rest.slice(1);
    this.#rest = "";
    const escape: Key = { kind: "key", name: "escape" };
    if (rest === "") return [escape];
    this.#rest = rest;
    return [escape, ...this.#keys()];
  }

  #keys(): Key[] {
    const keys: Key[] = [];
    while (this.#rest !== "") {
      const length = this.#paste === undefined ? this.#next(keys) : this.#pasted(keys);
      if (length === 0) break;
      this.#rest = this.#rest.slice(length);
    }
    return keys;
  }

  /** Reads one key; returns how long it was, 0 for one that is not complete. */
  #next(keys: Key[]): number {
    if (this.#rest.startsWith(PASTE_BEGIN)) {
      this.#paste = "";
      return PASTE_BEGIN.length;
    }
    if (this.#rest.startsWith("\x1b")) {
      if (UNFINISHED.test(this.#rest)) return 0;
      const match = SEQUENCE.exec(this.#rest);
      if (match === null) {
        keys.push({ kind: "key", name: "escape" });
        return 1;
      }
      const [whole, parameters = "", final = "", single = ""] = match;
      const name = single === "M" ? "enter" : SEQUENCES[single] ?? sequenceName(parameters, final);
      if (name !== undefined) keys.push({ kind: "key", name });
      return whole.length;
    }
    const character = String.fromCodePoint(this.#rest.codePointAt(0) ?? 0);
    const name = CONTROLS[character];
    if (name !== undefined) keys.push({ kind: "key", name });
    else if (!/\p{Cc}/u.test(character)) keys.push({ kind: "text", text: character });
    return character.length;
  }

  #pasted(keys: Key[]): number {
    const end = this.#rest.indexOf(PASTE_END);
    // The last characters may be the beginning of the end.
    const length = end < 0 ? Math.max(0, this.#rest.length - PASTE_END.length + 1) : end;
    this.#paste = `${this.#paste}${this.#rest.slice(0, length)}`.slice(0, MAX_PASTE);
    if (end < 0) return length;
    keys.push({ kind: "paste", text: this.#paste });
    this.#paste = undefined;
    return end + PASTE_END.length;
  }
}

/** Returns the key of a control sequence. Those with private parameters are reports: of the mouse, of the terminal. */
function sequenceName(parameters: string, final: string): KeyName | undefined {
  if (/[<=>?]/.test(parameters)) return undefined;
  return SEQUENCES[final === "~" ? `${parameters.replace(/;.*/s, "")}~` : final];
}
