import { type Line, lineWidth, type Paint, paintLine } from "../../terminal/line.ts";

/**
 * Takes over the screen: the alternate one, so that the shell's comes back untouched, without cursor and automatic
 * wrap. Pastes come marked as such: none of their letters is taken for a command.
 */
export const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[m\x1b[H\x1b[2J";

/** Undoes {@link ENTER}. Does no harm when sent twice. */
export const LEAVE = "\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Terminals that know it show everything between the two at once (DEC private mode 2026); others ignore it. */
const BEGIN = "\x1b[?2026h";
const END = "\x1b[?2026l";

export interface Cursor {
  readonly row: number;
  readonly column: number;
}

/** What a terminal shows, and what it has to be sent to show something else: the lines that differ and no other. */
export class Screen {
  readonly #paint: Paint;
  #shown: string[] = [];
  #size = "";
  #hasCursor = false;

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** Makes the next frame a whole one: the terminal may show something else than it was sent. */
  invalidate(): void {
    this.#size = "";
  }

  /** Returns what makes a terminal of this size show these lines; the cursor is hidden unless it has a place. */
  update(lines: readonly Line[], { columns, rows, cursor }: {
    readonly columns: number;
    readonly rows: number;
    readonly cursor?: Cursor | undefined;
  }): string {
    const size = `${columns}x${rows}`;
    let text = "";
    if (size !== this.#size) {
      text += "\x1b[m\x1b[H\x1b[2J";
      this.#shown = [];
      this.#size = size;
    }
    for (let row = 0; row < rows; row++) {
      const line = lines[row] ?? [];
      // Erasing to the right of a full line would take its last cell along.
      const painted = `${paintLine(line, this.#paint)}${lineWidth(line) < columns ? "\x1b[K" : ""}`;
      if (painted === (this.#shown[row] ?? "\x1b[K")) continue;
      this.#shown[row] = painted;
      text += `\x1b[${row + 1};1H${painted}`;
    }
    if (cursor !== undefined) {
      text += `\x1b[${cursor.row + 1};${cursor.column + 1}H${this.#hasCursor ? "" : "\x1b[?25h"}`;
    } else if (this.#hasCursor) text += "\x1b[?25l";
    this.#hasCursor = cursor !== undefined;
    return text === "" ? "" : `${BEGIN}${text}${END}`;
  }
}
