import { byId, h, KeyedList, setText } from "../dom.js";
import { clockTime } from "../format.js";

/**
 * @typedef {import("../types.d.ts").LogLine} LogLine
 * @typedef {{ readonly number: number, readonly line: LogLine }} Entry
 */

const KEPT = 1000;
const SHOWN = 300;

const LEVELS = ["debug", "info", "warning", "error"];
const TONES = { debug: "idle", info: "idle", warning: "warn", error: "bad" };

/** The lines of the operational log since the page was opened. */
export class LogView {
  /** @type {Entry[]} The latest first. */
  #entries = [];
  #number = 0;
  #isStale = true;
  #filter = h("input", { type: "search", placeholder: "Filter lines", "aria-label": "Filter lines" });
  #level = h(
    "select",
    { "aria-label": "Least level" },
    ...LEVELS.slice(0, -1).map((level) =>
      h("option", { value: level, selected: level === "debug" }, `${level} and above`)
    ),
    h("option", { value: "error" }, "errors only"),
  );
  #empty = h("p", { class: "empty" });
  /** @type {KeyedList<Entry>} */
  #list;

  constructor() {
    const lines = h("ol", { class: "lines", tabindex: "0", "aria-label": "Log lines, the latest first" });
    this.#list = new KeyedList(lines, ({ line }) => {
      const message = h("span", { class: "message" }, line.message);
      return {
        element: h(
          "li",
          {},
          h("time", { datetime: line.time }, clockTime(line.time)),
          h("span", { class: "state", "data-tone": TONES[line.level] ?? "idle" }, line.level),
          h("span", { class: "category" }, line.category),
          message,
        ),
        update: () => {},
      };
    });
    byId("log").append(h("div", { class: "toolbar" }, this.#filter, this.#level), lines, this.#empty);
    this.#filter.addEventListener("input", () => this.#draw());
    this.#level.addEventListener("change", () => this.#draw());
  }

  /** How many warnings and errors there are. */
  get troubles() {
    return this.#entries.filter(({ line }) => line.level === "warning" || line.level === "error").length;
  }

  /** @param {LogLine} line */
  add(line) {
    this.#entries.unshift({ number: ++this.#number, line });
    if (this.#entries.length > KEPT) this.#entries.length = KEPT;
    this.#isStale = true;
  }

  /** Shows new lines, once for many. */
  update() {
    if (this.#isStale && !byId("log").hidden) this.#draw();
  }

  #draw() {
    this.#isStale = false;
    const word = this.#filter.value.trim().toLowerCase();
    const least = LEVELS.indexOf(this.#level.value);
    const shown = this.#entries.filter(({ line }) =>
      LEVELS.indexOf(line.level) >= least &&
      (word === "" || `${line.category} ${line.message}`.toLowerCase().includes(word))
    ).slice(0, SHOWN);
    this.#list.update(shown, ({ number }) => String(number));
    this.#empty.hidden = shown.length > 0;
    setText(
      this.#empty,
      this.#entries.length === 0
        ? "Nothing has been logged since this page was opened."
        : "No line fits the filter.",
    );
  }
}
