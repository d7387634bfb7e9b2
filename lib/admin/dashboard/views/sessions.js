import { reasonOf } from "../data/api.js";
import { byId, h, KeyedList, setText } from "../dom.js";
import { bytes, clockTime, count, duration, milliseconds, NONE } from "../format.js";

/**
 * @typedef {import("../types.d.ts").Session} Session
 * @typedef {import("../types.d.ts").Sessions} Sessions
 */

const POLL_MS = 2000;
const LIMIT = 100;

/** The columns: title, sort key, whether it holds a number. */
const COLUMNS = /** @type {const} */ ([
  ["Session", "id", true],
  ["App", null, false],
  ["Client", null, false],
  ["Target", null, false],
  ["State", null, false],
  ["Age", "age", true],
  ["Idle", "idle", true],
  ["Up", "bytes_up", true],
  ["Down", "bytes_down", true],
]);

/** The live sessions, queried repeatedly while they are visible. */
export class SessionsView {
  #api;
  #actions;
  #fields = {
    app: h("input", { type: "search", placeholder: "any app", "aria-label": "App", list: "apps-known" }),
    client: h("input", {
      type: "search",
      placeholder: "any client (address or CIDR)",
      "aria-label": "Client",
    }),
    target: h("input", { type: "search", placeholder: "any target", "aria-label": "Target" }),
  };
  #state = h(
    "select",
    { "aria-label": "State" },
    h("option", { value: "" }, "Any state"),
    ...["inspecting", "dialing", "relaying", "lingering"].map((state) =>
      h("option", { value: state }, state)
    ),
  );
  #summary = h("p", { class: "summary", role: "status" });
  #endAll = h("button", { type: "button", class: "button", "data-tone": "danger" }, "End these…");
  #empty = h("p", { class: "empty", hidden: true });
  #problem = h("p", { class: "problem", hidden: true });
  #known = h("datalist", { id: "apps-known" });
  #table;
  /** @type {Map<string, HTMLElement>} */
  #heads = new Map();
  /** @type {KeyedList<Session>} */
  #list;
  #sort = "id";
  #order = "desc";
  #matched = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | undefined} */
  #asking;

  /**
   * @param {import("../data/api.js").Api} api
   * @param {import("../actions.js").Actions} actions
   */
  constructor(api, actions) {
    this.#api = api;
    this.#actions = actions;
    const rows = h("tbody");
    this.#list = new KeyedList(rows, () => this.#row());
    this.#table = h(
      "table",
      { class: "list sessions" },
      h("caption", { class: "visually-hidden" }, "Live sessions"),
      h("thead", {}, h("tr", {}, ...COLUMNS.map((column) => this.#head(column)), h("td", {}))),
      rows,
    );
    const { app, client, target } = this.#fields;
    byId("sessions").append(
      h("div", { class: "toolbar" }, app, client, target, this.#state, this.#endAll, this.#summary),
      this.#known,
      this.#problem,
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Live sessions" },
        this.#table,
      ),
      this.#empty,
    );
    for (const input of [app, client, target]) input.addEventListener("input", () => this.#soon());
    this.#state.addEventListener("change", () => this.#soon());
    this.#endAll.addEventListener(
      "click",
      () => this.#actions.endSessions(this.#filters(), this.#matched, () => this.#soon()),
    );
    this.#showOrder();
  }

  /** @param {readonly string[]} apps */
  know(apps) {
    if (this.#known.children.length === apps.length) return;
    this.#known.replaceChildren(...apps.slice(0, 500).map((value) => h("option", { value })));
  }

  /** Begins to ask, or stops. @param {boolean} isShown */
  show(isShown) {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    if (isShown) void this.#poll();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), 150);
  }

  async #poll() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const asking = this.#asking = new AbortController();
    try {
      if (!document.hidden) await this.#ask(asking.signal);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.#problem.hidden = false;
      setText(this.#problem, reasonOf(error));
    }
    if (!asking.signal.aborted) this.#timer = setTimeout(() => void this.#poll(), POLL_MS);
  }

  /** @param {AbortSignal} signal */
  async #ask(signal) {
    const query = this.#filters();
    query.set("sort", this.#sort);
    query.set("order", this.#order);
    query.set("limit", String(LIMIT));
    /** @type {Sessions} */
    const { total, matched, sessions } = await this.#api.ask(`sessions?${query}`, { signal });
    if (signal.aborted) return;
    this.#matched = matched;
    this.#problem.hidden = true;
    this.#list.update(sessions, ({ id }) => String(id));
    this.#table.hidden = sessions.length === 0;
    this.#empty.hidden = sessions.length > 0;
    setText(
      this.#empty,
      total === 0
        ? "No session is open. Connections show up here as they come."
        : "No session fits the filter.",
    );
    this.#endAll.disabled = matched === 0 || this.#filters().size === 0;
    this.#endAll.title = this.#filters().size === 0 ? "Filter first" : "";
    const shown = sessions.length < matched
      ? `${count(sessions.length)} of ${count(matched)} shown`
      : `${count(matched)} shown`;
    setText(this.#summary, matched === total ? shown : `${shown}, ${count(total)} open in all`);
  }

  #filters() {
    const query = new URLSearchParams();
    for (const [name, { value }] of Object.entries(this.#fields)) {
      if (value.trim() !== "") query.set(name, value.trim());
    }
    if (this.#state.value !== "") query.set("state", this.#state.value);
    return query;
  }

  /** @param {typeof COLUMNS[number]} column */
  #head([title, key, isNumber]) {
    const head = h("th", { scope: "col", class: isNumber ? "number" : "" });
    if (key === null) {
      head.append(title);
      return head;
    }
    head.append(h("button", {
      type: "button",
      class: "sort",
      onclick: () => {
        this.#order = this.#sort === key && this.#order === "desc" ? "asc" : "desc";
        this.#sort = key;
        this.#showOrder();
        this.#soon();
      },
    }, title));
    this.#heads.set(key, head);
    return head;
  }

  #showOrder() {
    for (const [key, head] of this.#heads) {
      if (key !== this.#sort) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", this.#order === "desc" ? "descending" : "ascending");
    }
  }

  /** @returns {import("../dom.js").Row<Session>} */
  #row() {
    const cells = COLUMNS.map(([title, , isNumber]) =>
      h("td", { class: isNumber ? "number" : "text", "data-label": title.toLowerCase() })
    );
    /** @type {Session | undefined} */
    let shown;
    const end = h("button", { type: "button", class: "button small" }, "End…");
    end.addEventListener("click", () => {
      if (shown !== undefined) this.#actions.endSession(shown, () => this.#soon());
    });
    return {
      element: h("tr", {}, ...cells, h("td", { class: "manage-cell" }, end)),
      update: (session) => {
        shown = session;
        const sni = session.sni === null ? "" : ` (${session.sni})`;
        const texts = [
          `#${session.id}`,
          session.app,
          `${session.client}${sni}`,
          session.target ?? NONE,
          session.state,
          duration(session.age_ms),
          duration(session.idle_ms),
          bytes(session.bytes_up),
          bytes(session.bytes_down),
        ];
        for (const [index, cell] of cells.entries()) {
          setText(cell, texts[index] ?? "");
          if (cell.className === "text") cell.title = texts[index] ?? "";
        }
        const [first] = cells;
        if (first !== undefined) {
          const tries = session.tries === 1 ? "1 try" : `${session.tries} tries`;
          first.title = `on ${session.listener} since ${clockTime(session.started_at)}; connected in ` +
            `${milliseconds(session.connect_ms)}, ${tries}`;
        }
        end.setAttribute("aria-label", `End session ${session.id}`);
      },
    };
  }
}
