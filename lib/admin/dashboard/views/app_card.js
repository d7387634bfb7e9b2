import { h, KeyedList, setAttribute, setText } from "../dom.js";
import { FlowMap } from "./flow_map.js";
import { byteRate, count, milliseconds, perSecond } from "../format.js";
import { healthOfApp } from "../health.js";
import { TargetRow } from "./target_row.js";

/**
 * @typedef {import("../types.d.ts").App} App
 * @typedef {import("../types.d.ts").Target} Target
 * @typedef {{ readonly route: string, readonly targets: readonly Target[], readonly undiscovered: readonly string[] }} Pool
 */

/** How many marks of targets fit beside an app's name. */
const MARKS = 12;

/** How many listeners are named; a range of ports may have thousands. */
const LISTENERS = 6;

let lastId = 0;

/** One app: a line about all of it, and below it its listeners and targets. */
export class AppCard {
  /** @type {HTMLElement} */
  element;
  #name;
  #options;
  #button;
  #body = h("div", { class: "app-body", id: `app-${++lastId}` });
  #state = h("span", { class: "pill small" });
  #faults = h("span", { class: "pill small", "data-tone": "warn" });
  #marks = h("span", { class: "marks", "aria-hidden": "true" });
  #health = h("span", { class: "app-health" });
  #values = {
    sessions: h("span", { class: "number" }),
    fresh: h("span", { class: "number" }),
    down: h("span", { class: "number" }),
    up: h("span", { class: "number" }),
    dial: h("span", { class: "number" }),
  };
  /** @type {AppBody | undefined} */
  #content;
  #isOpen = false;

  /**
   * @param {string} name
   * @param {{
   *   actions: import("../actions.js").Actions,
   *   rates: import("../data/rates.js").Rates,
   *   isOpen: () => boolean,
   *   toggled: (isOpen: boolean) => void,
   * }} options
   */
  constructor(name, options) {
    this.#name = name;
    this.#options = options;
    const { sessions, fresh, down, up, dial } = this.#values;
    this.#button = h(
      "button",
      {
        type: "button",
        class: "app-toggle",
        "aria-expanded": "false",
        "aria-controls": this.#body.id,
        onclick: () => options.toggled(!this.#isOpen),
      },
      h("span", { class: "chevron", "aria-hidden": "true" }),
      h("span", { class: "app-name" }, name),
      this.#marks,
    );
    const manage = h("button", { type: "button", class: "button small" }, "Manage…");
    manage.setAttribute("aria-label", `Manage app ${name}`);
    manage.addEventListener("click", () => options.actions.manageApp(name));
    this.element = h(
      "article",
      { class: "app", "aria-label": `App ${name}` },
      h(
        "div",
        { class: "app-head" },
        h("h3", {}, this.#button),
        h("span", { class: "app-tags" }, this.#health, this.#state, this.#faults),
        h(
          "span",
          { class: "app-values" },
          value("sessions", sessions),
          value("new", fresh),
          value("down", down),
          value("up", up),
          value("dial", dial),
        ),
        manage,
      ),
      this.#body,
    );
    this.#body.hidden = true;
  }

  /** @param {App} app */
  update(app) {
    const { rates, isOpen } = this.#options;
    const rate = rates.app(app.name);
    const { sessions, fresh, down, up, dial } = this.#values;
    setText(
      sessions,
      app.max_connections === null
        ? count(app.sessions)
        : `${count(app.sessions)} of ${count(app.max_connections)}`,
    );
    setText(fresh, perSecond(rate?.connections));
    setText(down, byteRate(rate?.down));
    setText(up, byteRate(rate?.up));
    setText(dial, milliseconds(app.traffic.dial_ms?.p50));
    const health = healthOfApp(app);
    setText(this.#health, `${health.up} of ${health.tones.length} up`);
    setAttribute(this.#health, "data-tone", TONES[health.severity] ?? "good");
    marks(this.#marks, health.tones);
    this.#state.hidden = app.state !== "paused";
    setText(this.#state, "Paused");
    setAttribute(this.#state, "data-tone", "warn");
    this.#faults.hidden = app.faults.length === 0;
    setText(this.#faults, app.faults.length === 1 ? "1 fault on" : `${app.faults.length} faults on`);
    this.#isOpen = isOpen();
    setAttribute(this.#button, "aria-expanded", String(this.#isOpen));
    this.#body.hidden = !this.#isOpen;
    if (!this.#isOpen) return;
    this.#content ??= new AppBody(this.#body, this.#name, this.#options);
    this.#content.update(app);
  }
}

const TONES = ["good", "idle", "warn", "bad"];

/**
 * @param {string} name
 * @param {HTMLElement} element
 */
function value(name, element) {
  return h("span", { class: "app-value", "data-value": name }, h("span", { class: "label" }, name), element);
}

/**
 * @param {HTMLElement} place
 * @param {readonly string[]} tones
 */
function marks(place, tones) {
  const shown = tones.slice(0, MARKS);
  while (place.children.length > shown.length) place.lastElementChild?.remove();
  while (place.children.length < shown.length) place.append(h("span", { class: "mark" }));
  for (const [index, tone] of shown.entries()) {
    const mark = place.children[index];
    if (mark !== undefined) setAttribute(mark, "data-tone", tone);
  }
}

/** The listeners of an app, its pools, and how connections flow from one to the other. */
class AppBody {
  #listeners = h("ul", { class: "listeners", "aria-label": "Listeners" });
  #balance = h("p", { class: "balance" });
  #pools = h("div", { class: "pools" });
  /** @type {KeyedList<string>} */
  #names;
  /** @type {KeyedList<Pool>} */
  #list;
  #flow;

  /**
   * @param {HTMLElement} place
   * @param {string} name
   * @param {{ actions: import("../actions.js").Actions, rates: import("../data/rates.js").Rates }} options
   */
  constructor(place, name, options) {
    this.#names = new KeyedList(this.#listeners, () => {
      const element = h("li", {});
      return { element, update: (text) => setText(element, text) };
    });
    this.#list = new KeyedList(this.#pools, (pool) => new PoolTable(name, pool.route, options));
    this.#flow = new FlowMap(this.#listeners, this.#pools);
    place.append(
      h("div", { class: "sources" }, this.#listeners, this.#balance),
      this.#flow.element,
      this.#pools,
    );
  }

  /** @param {App} app */
  update(app) {
    const { listeners } = app;
    const shown = listeners.slice(0, LISTENERS);
    const rest = listeners.length - shown.length;
    this.#names.update(rest > 0 ? [...shown, `and ${rest} more`] : shown, (each) => each);
    setText(this.#balance, app.balance.replaceAll("_", " "));
    /** @type {Pool[]} */
    const pools = app.routes.map(({ route, targets, undiscovered }) => ({ route, targets, undiscovered }));
    if (app.targets.length > 0 || app.undiscovered.length > 0 || pools.length === 0) {
      pools.push({ route: "", targets: app.targets, undiscovered: app.undiscovered });
    }
    this.#list.update(pools, ({ route }) => route);
    this.#flow.draw();
  }
}

/** The targets of one pool. */
class PoolTable {
  /** @type {HTMLElement} */
  element;
  #app;
  #route;
  #rates;
  #rows = h("tbody");
  #undiscovered = h("p", { class: "undiscovered" });
  /** @type {KeyedList<import("./target_row.js").ShownTarget>} */
  #list;

  /**
   * @param {string} app
   * @param {string} route
   * @param {{ actions: import("../actions.js").Actions, rates: import("../data/rates.js").Rates }} options
   */
  constructor(app, route, { actions, rates }) {
    this.#app = app;
    this.#route = route;
    this.#rates = rates;
    this.#list = new KeyedList(this.#rows, () =>
      new TargetRow({
        manage: (address) => actions.manageTarget(app, address),
      }));
    const caption = route === "" ? `Targets of ${app}` : `Targets of ${app} for ${route}`;
    this.element = h(
      "div",
      { class: "pool" },
      route === "" ? null : h("p", { class: "route" }, h("span", { class: "label" }, "route"), route),
      h(
        "table",
        { class: "targets" },
        h("caption", { class: "visually-hidden" }, caption),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["Target", "State", "Share", "Open", "New", "Down", "Up", "Dial", "Weight"].map((title) =>
              h("th", { scope: "col", class: TEXT_COLUMNS.has(title) ? "" : "number" }, title)
            ),
            h("td", {}),
          ),
        ),
        this.#rows,
      ),
      this.#undiscovered,
    );
  }

  /** @param {Pool} pool */
  update({ targets, undiscovered }) {
    const shares = this.#rates.shares(this.#app, this.#route, targets);
    this.#list.update(
      targets.map((target, index) => ({
        target,
        share: shares[index] ?? 0,
        rate: this.#rates.target(this.#app, this.#route, target.address),
      })),
      ({ target }) => target.address,
    );
    setText(
      this.#undiscovered,
      undiscovered.length === 0 ? "" : `Without an answer from discovery: ${undiscovered.join(", ")}`,
    );
    this.#undiscovered.hidden = undiscovered.length === 0;
  }
}

const TEXT_COLUMNS = new Set(["Target", "State", "Share"]);
