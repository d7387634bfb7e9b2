/** How much of the past the plots show, in seconds. */
export const WINDOW_SECONDS = 300;

/**
 * The values of the last minutes, one column per plotted line.
 */
export class Series {
  /** @type {number[]} Seconds since the epoch. */
  times = [];
  /** @type {(number | null)[][]} */
  columns;

  /** @param {number} columns */
  constructor(columns) {
    this.columns = Array.from({ length: columns }, () => []);
  }

  /**
   * @param {number} time
   * @param {readonly (number | null)[]} values
   */
  push(time, values) {
    const last = this.times.at(-1);
    // A pause in the data is a gap in the line.
    if (last !== undefined && time - last > 10) this.#add(last + 1, values.map(() => null));
    this.#add(time, values);
    const first = this.times.findIndex((each) => each >= time - WINDOW_SECONDS - 5);
    if (first <= 0) return;
    this.times = this.times.slice(first);
    this.columns = this.columns.map((column) => column.slice(first));
  }

  clear() {
    this.times = [];
    this.columns = this.columns.map(() => []);
  }

  /**
   * @param {number} time
   * @param {readonly (number | null)[]} values
   */
  #add(time, values) {
    this.times.push(time);
    for (const [index, column] of this.columns.entries()) column.push(values[index] ?? null);
  }
}
