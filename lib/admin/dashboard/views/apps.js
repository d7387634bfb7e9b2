import { AppCard } from "./app_card.js";
import { byId, h, KeyedList, setText } from "../dom.js";
import { plural } from "../format.js";
import { healthOfApp } from "../health.js";

/**
 * @typedef {import("../types.d.ts").Status} Status
 * @typedef {import("../types.d.ts").App} App
 * @typedef {import("../data/rates.js").Rates} Rates
 */

/** With no more apps than this, each shows its targets from the start. */
const OPEN_APPS = 4;

/** The number shown until the user asks for more. */
const SHOWN_APPS = 60;

/** @type {Record<string, (rates: Rates) => (a: App, b: App) => number>} */
const ORDERS = {
  config: () => () => 0,
  name: () => (a, b) => a.name.localeCompare(b.name),
  trouble: () => (a, b) => healthOfApp(b).severity - healthOfApp(a).severity,
  sessions: () => (a, b) => (b.sessions ?? 0) - (a.sessions ?? 0),
  throughput: (rates) => (a, b) => throughputOf(rates, b) - throughputOf(rates, a),
};

/** The list of apps. */
export class AppsView {
  #filter = h("input", {
    type: "search",
    placeholder: "Filter: name, listener, target",
    "aria-label": "Filter apps",
    spellcheck: "false",
  });
  #order = h(
    "select",
    { "aria-label": "Order of apps" },
    h("option", { value: "config" }, "As in the config"),
    h("option", { value: "trouble" }, "Trouble first"),
    h("option", { value: "throughput" }, "Most throughput"),
    h("option", { value: "sessions" }, "Most sessions"),
    h("option", { value: "name" }, "By name"),
  );
  #all = h("button", { type: "button", class: "button" }, "Expand all");
  #summary = h("p", { class: "summary" });
  #empty = h("p", { class: "empty", hidden: true });
  #more = h("button", { type: "button", class: "button more-button", hidden: true });
  #shown = SHOWN_APPS;
  /** @type {KeyedList<App>} */
  #list;
  /** @type {Map<string, boolean>} Which cards are open, of those that the user has opened or closed. */
  #open = new Map();
  /** @type {Status | undefined} */
  #status;
  #rates;
  #isOpenByDefault = false;

  /**
   * @param {Rates} rates
   * @param {import("../actions.js").Actions} actions
   */
  constructor(rates, actions) {
    this.#rates = rates;
    const list = h("div", { class: "apps" });
    this.#list = new KeyedList(list, (app) =>
      new AppCard(app.name, {
        actions,
        rates,
        isOpen: () => this.#isOpen(app.name),
        toggled: (isOpen) => {
          this.#open.set(app.name, isOpen);
          this.#draw();
        },
      }));
    byId("apps").append(
      h("div", { class: "toolbar" }, this.#filter, this.#order, this.#all, this.#summary),
      list,
      this.#empty,
      this.#more,
    );
    this.#filter.addEventListener("input", () => this.#draw());
    this.#order.addEventListener("change", () => this.#draw());
    this.#all.addEventListener("click", () => this.#toggleAll());
    this.#more.addEventListener("click", () => {
      this.#shown += 200;
      this.#draw();
    });
  }

  /**
   * Shows the apps in which a text occurs.
   *
   * @param {string} text
   */
  filterBy(text) {
    this.#filter.value = text;
    this.#draw();
  }

  /** @param {Status} status */
  update(status) {
    if (this.#status === undefined) this.#isOpenByDefault = status.apps.length <= OPEN_APPS;
    this.#status = status;
    this.#draw();
  }

  #draw() {
    if (this.#status === undefined || byId("apps").hidden) return;
    const { apps } = this.#status;
    const found = apps.filter(matcher(this.#filter.value));
    const order = ORDERS[this.#order.value] ?? ORDERS.config;
    if (order !== undefined && this.#order.value !== "config") found.sort(order(this.#rates));
    const shown = found.slice(0, this.#shown);
    this.#list.update(shown, ({ name }) => name);
    setText(
      this.#summary,
      found.length === apps.length
        ? plural(apps.length, "app")
        : `${found.length} of ${plural(apps.length, "app")}`,
    );
    this.#empty.hidden = found.length > 0;
    setText(this.#empty, apps.length === 0 ? "The config has no app." : "No app fits the filter.");
    const rest = found.length - shown.length;
    this.#more.hidden = rest === 0;
    setText(this.#more, `Show ${rest} more`);
    setText(this.#all, shown.every(({ name }) => this.#isOpen(name)) ? "Collapse all" : "Expand all");
  }

  /** @param {string} name */
  #isOpen(name) {
    return this.#open.get(name) ?? this.#isOpenByDefault;
  }

  #toggleAll() {
    const isOpen = this.#all.textContent === "Expand all";
    this.#isOpenByDefault = isOpen;
    this.#open.clear();
    this.#draw();
  }
}

/**
 * @param {Rates} rates
 * @param {App} app
 */
function throughputOf(rates, { name }) {
  const rate = rates.app(name);
  return rate === undefined ? 0 : rate.up + rate.down;
}

/**
 * @param {string} filter
 * @returns {(app: App) => boolean}
 */
function matcher(filter) {
  const word = filter.trim().toLowerCase();
  if (word === "") return () => true;
  return ({ name, listeners, targets, routes }) =>
    [
      name,
      ...listeners,
      ...[...targets, ...routes.flatMap((route) => route.targets)].map((target) => target.address),
    ]
      .some((text) => text.toLowerCase().includes(word));
}
