import { byId, h, KeyedList, setAttribute, setText } from "../dom.js";
import { bytes, clockTime, count, milliseconds, NONE, words } from "../format.js";

/**
 * @typedef {import("../types.d.ts").Ending} Ending
 * @typedef {{ readonly number: number, readonly ending: Ending }} Entry
 */

/** How many are kept, and how many shown. */
const KEPT = 1000;
const SHOWN = 150;

/** Ends as both sides wish. */
const GOOD = new Set(["client_closed", "target_closed"]);
/** Ends by a time limit, or on request. */
const WANTED = new Set([
  "idle_timeout",
  "half_close_timeout",
  "max_lifetime",
  "drained",
  "killed",
  "target_down",
]);

/** The sessions that have ended since the page was opened. */
export class EndingsView {
  /** @type {Entry[]} The latest first. */
  #entries = [];
  #number = 0;
  #isStale = false;
  #isHeld = false;
  #filter = h("input", {
    type: "search",
    placeholder: "Filter: app, client, target, reason, detail",
    "aria-label": "Filter endings",
  });
  #troubled = h("input", { type: "checkbox", id: "only-troubled" });
  #hold = h("button", { type: "button", class: "button", "aria-pressed": "false" }, "Hold");
  #summary = h("p", { class: "summary" });
  #empty = h("p", { class: "empty" });
  #table;
  #reasons = h("ul", { class: "reasons", "aria-label": "Ends since the start, by reason" });
  /** @type {KeyedList<Entry>} */
  #list;
  /** @type {KeyedList<[reason: string, count: number]>} */
  #counts;
  #dropped = 0;

  constructor() {
    const rows = h("tbody");
    this.#list = new KeyedList(rows, createRow);
    this.#counts = new KeyedList(this.#reasons, () => {
      const [name, number] = [h("span"), h("strong")];
      return {
        element: h("li", {}, name, number),
        update: ([reason, value]) => {
          setText(name, words(reason));
          setText(number, count(value));
          setAttribute(name, "data-tone", toneOf(reason));
        },
      };
    });
    this.#table = h(
      "table",
      { class: "list endings" },
      h("caption", { class: "visually-hidden" }, "Sessions that have ended"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...["Time", "App", "Reason", "Client", "Target", "Took", "Up", "Down"].map((title) =>
            h("th", { scope: "col", class: NUMBERS.has(title) ? "number" : "" }, title)
          ),
        ),
      ),
      rows,
    );
    byId("endings").append(
      this.#reasons,
      h(
        "div",
        { class: "toolbar" },
        this.#filter,
        h("label", { class: "check", for: "only-troubled" }, this.#troubled, "only trouble"),
        this.#hold,
        this.#summary,
      ),
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Sessions that have ended" },
        this.#table,
      ),
      this.#empty,
    );
    this.#filter.addEventListener("input", () => this.#draw());
    this.#troubled.addEventListener("change", () => this.#draw());
    this.#hold.addEventListener("click", () => {
      this.#isHeld = !this.#isHeld;
      setAttribute(this.#hold, "aria-pressed", String(this.#isHeld));
      this.#draw();
    });
  }

  /** @param {Ending} ending */
  add(ending) {
    this.#entries.unshift({ number: ++this.#number, ending });
    if (this.#entries.length > KEPT) this.#entries.length = KEPT;
    this.#isStale = true;
  }

  /** Records the number of dropped events. @param {number} count */
  lost(count) {
    this.#dropped += count;
    this.#isStale = true;
  }

  /**
   * Shows new entries, once for many.
   *
   * @param {Readonly<Record<string, number>>} ended how many have ended since the start, by reason
   */
  update(ended) {
    if (byId("endings").hidden) return;
    this.#counts.update(
      Object.entries(ended).filter(([, value]) => value > 0).toSorted((a, b) => b[1] - a[1]),
      ([reason]) => reason,
    );
    if (this.#isStale && !this.#isHeld) this.#draw();
  }

  #draw() {
    this.#isStale = false;
    const word = this.#filter.value.trim().toLowerCase();
    const found = this.#entries.filter(({ ending }) =>
      (!this.#troubled.checked || toneOf(ending.reason) !== "good") &&
      (word === "" || textOf(ending).includes(word))
    );
    const shown = found.slice(0, SHOWN);
    this.#list.update(shown, ({ number }) => String(number));
    this.#table.hidden = shown.length === 0;
    this.#empty.hidden = shown.length > 0;
    setText(
      this.#empty,
      this.#entries.length === 0
        ? "No session has ended since this page was opened."
        : "No ending fits the filter.",
    );
    const lost = this.#dropped === 0 ? "" : `; ${count(this.#dropped)} events came too fast to show`;
    setText(this.#summary, `${count(found.length)} found${this.#isHeld ? ", held" : ""}${lost}`);
  }
}

const NUMBERS = new Set(["Took", "Up", "Down"]);

/** @param {string} reason */
function toneOf(reason) {
  if (GOOD.has(reason)) return "good";
  return WANTED.has(reason) ? "idle" : "bad";
}

/** @param {Ending} ending */
function textOf({ app, client, target, reason, detail, sni, id }) {
  return [app, client, target ?? "", reason, words(reason), detail ?? "", sni ?? "", `#${id}`].join(" ")
    .toLowerCase();
}

/** @returns {import("../dom.js").Row<Entry>} */
function createRow() {
  const cells = {
    time: h("td", { class: "number left", "data-label": "time" }),
    app: h("td", { class: "text", "data-label": "app" }),
    reason: h("td", { class: "reason-cell", "data-label": "reason" }),
    client: h("td", { class: "text", "data-label": "client" }),
    target: h("td", { class: "text", "data-label": "target" }),
    took: h("td", { class: "number", "data-label": "took" }),
    up: h("td", { class: "number", "data-label": "up" }),
    down: h("td", { class: "number", "data-label": "down" }),
  };
  const reason = h("span", { class: "state" });
  const detail = h("span", { class: "detail" });
  cells.reason.append(reason, detail);
  return {
    element: h("tr", {}, ...Object.values(cells)),
    update: ({ ending }) => {
      setText(cells.time, clockTime(ending.time));
      setText(cells.app, ending.app);
      setText(reason, words(ending.reason));
      setAttribute(reason, "data-tone", toneOf(ending.reason));
      setText(detail, ending.detail ?? "");
      cells.reason.title = ending.detail ?? "";
      setText(cells.client, ending.sni === null ? ending.client : `${ending.client} (${ending.sni})`);
      cells.client.title = cells.client.textContent ?? "";
      setText(cells.target, ending.target ?? NONE);
      cells.target.title = ending.target ?? "";
      setText(cells.took, milliseconds(ending.duration_ms));
      setText(cells.up, bytes(ending.bytes_up));
      setText(cells.down, bytes(ending.bytes_down));
    },
  };
}
