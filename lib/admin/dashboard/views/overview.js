import { byId, h, KeyedList, setAttribute, setText } from "../dom.js";
import { byteRate, clockTime, count, duration, milliseconds, NONE, perSecond, plural } from "../format.js";
import { healthOf, SEVERITY } from "../health.js";
import { Plot } from "./plots.js";
import { Series } from "../data/series.js";

/**
 * @typedef {import("../types.d.ts").Status} Status
 * @typedef {import("../types.d.ts").Target} Target
 */

/** How many troubled targets the overview names. */
const TROUBLES = 3;

const STATES = { starting: "Starting", ready: "Ready", draining: "Draining" };
const TONES = { starting: "idle", ready: "good", draining: "warn" };

/** The head of the page and the tiles below it. */
export class Overview {
  #traffic = new Series(2);
  #connections = new Series(1);
  #dials = new Series(1);
  #tiles;
  /** @type {Plot[]} */
  #plots;
  #facts;
  #health;

  /** @param {(address: string) => void} choose called with the address of a target to show */
  constructor(choose) {
    const place = byId("tiles");
    this.#tiles = {
      traffic: tile(place, "Throughput", ["down", "up"]),
      connections: tile(place, "Connections", ["open", "new"]),
      dials: tile(place, "Dial time", ["now", "p99"]),
    };
    this.#plots = [
      new Plot(this.#tiles.traffic.plot, {
        series: this.#traffic,
        axis: "bytes",
        lines: [{ color: "--series-down", isFilled: true }, { color: "--series-up" }],
      }),
      new Plot(this.#tiles.connections.plot, {
        series: this.#connections,
        axis: "count",
        lines: [{ color: "--series-down", isFilled: true }],
      }),
      new Plot(this.#tiles.dials.plot, {
        series: this.#dials,
        axis: "milliseconds",
        lines: [{ color: "--series-dial", isFilled: true }],
      }),
    ];
    this.#health = new HealthTile(place, choose);
    this.#facts = facts();
  }

  /**
   * @param {Status} status
   * @param {import("../data/rates.js").Rates} rates
   */
  update(status, rates) {
    showState(STATES[status.state], TONES[status.state]);
    this.#facts(status);
    const { total } = rates;
    const time = Date.parse(status.now) / 1000;
    this.#traffic.push(time, [total?.down ?? null, total?.up ?? null]);
    this.#connections.push(time, [status.sessions]);
    // Dials are rare where connections are; the last one stands until the next.
    this.#dials.push(time, [total?.dial ?? this.#dials.columns[0]?.at(-1) ?? null]);
    const { traffic, connections, dials } = this.#tiles;
    setText(traffic.value("down"), byteRate(total?.down));
    setText(traffic.value("up"), byteRate(total?.up));
    setText(connections.value("open"), count(status.sessions));
    setText(connections.value("new"), perSecond(total?.connections));
    setText(dials.value("now"), milliseconds(this.#dials.columns[0]?.at(-1)));
    setText(dials.value("p99"), milliseconds(status.traffic.dial_ms?.p99));
    this.#health.update(status);
    this.redraw();
  }

  /** Begins the plots anew, for another process. */
  clear() {
    for (const series of [this.#traffic, this.#connections, this.#dials]) series.clear();
  }

  redraw() {
    for (const plot of this.#plots) plot.update();
  }
}

/**
 * Shows the state of the proxy, or of the connection to it.
 *
 * @param {string} text
 * @param {string} tone
 */
export function showState(text, tone) {
  const pill = byId("state");
  setText(pill, text);
  setAttribute(pill, "data-tone", tone);
  setAttribute(document.body, "data-stale", tone === "lost" ? "" : null);
}

/**
 * @param {HTMLElement} place
 * @param {string} title
 * @param {readonly string[]} names of its values
 */
function tile(place, title, names) {
  const values = new Map(names.map((name) => [name, h("dd", { class: "value" }, NONE)]));
  const plot = h("div", { class: "plot", "aria-hidden": "true" });
  place.append(h(
    "article",
    { class: "tile" },
    h("h2", {}, title),
    h(
      "dl",
      { class: "values" },
      ...names.map((name) => h("div", { "data-line": name }, h("dt", {}, name), values.get(name))),
    ),
    plot,
  ));
  return {
    plot,
    value: (/** @type {string} */ name) => values.get(name) ?? plot,
  };
}

/** Rarely needed facts, in the head of the page. */
function facts() {
  const [version, uptime, threads, config] = [h("dd"), h("dd"), h("dd"), h("dd")];
  byId("facts").append(
    h("div", {}, h("dt", {}, "version"), version),
    h("div", {}, h("dt", {}, "up for"), uptime),
    h("div", {}, h("dt", {}, "threads"), threads),
    h("div", {}, h("dt", {}, "config"), config),
  );
  return (/** @type {Status} */ status) => {
    setText(version, status.version);
    setText(uptime, duration(Date.parse(status.now) - Date.parse(status.started_at)));
    setText(threads, count(status.workers));
    const { hash, path, loaded_at: loadedAt, last_reload: last } = status.config;
    setText(config, hash);
    const lines = [path ?? "no file", `in effect since ${clockTime(loadedAt)}`];
    if (last !== null) lines.push(`last reload ${last.result} at ${clockTime(last.at)} (${last.trigger})`);
    setAttribute(config, "title", lines.join("\n"));
  };
}

/** How many targets can take connections, and which cannot. */
class HealthTile {
  #value = h("dd", { class: "value" }, NONE);
  #of = h("dd", { class: "value" }, NONE);
  #bar = h("div", { class: "health-bar", "aria-hidden": "true" });
  #more = h("p", { class: "more" });
  /** @type {KeyedList<{ app: string, target: Target }>} */
  #list;

  /**
   * @param {HTMLElement} place
   * @param {(address: string) => void} choose
   */
  constructor(place, choose) {
    const list = h("ul", { class: "troubles" });
    this.#list = new KeyedList(list, () => {
      const [dot, address, state] = [
        h("span", { class: "dot", "aria-hidden": "true" }),
        h("a", { href: "#/apps" }),
        h("span", { class: "word" }),
      ];
      address.addEventListener("click", () => choose(address.textContent ?? ""));
      return {
        element: h("li", {}, dot, address, state),
        update: ({ app, target }) => {
          const { tone, word } = healthOf(target);
          setAttribute(dot, "data-tone", tone);
          setText(address, target.address);
          setAttribute(address, "title", `${target.address} of app ${app}`);
          setText(state, word);
        },
      };
    });
    place.append(h(
      "article",
      { class: "tile" },
      h("h2", {}, "Targets"),
      h(
        "dl",
        { class: "values" },
        h("div", {}, h("dt", {}, "in service"), this.#value),
        h("div", {}, h("dt", {}, "in all"), this.#of),
      ),
      this.#bar,
      list,
      this.#more,
    ));
  }

  /** @param {Status} status */
  update({ apps }) {
    const all = apps.flatMap((app) =>
      [...app.targets, ...app.routes.flatMap((route) => route.targets)].map((target) => ({
        app: app.name,
        target,
      }))
    );
    const tones = all.map(({ target }) => healthOf(target).tone);
    const troubled = all.filter((_, index) => tones[index] !== "good")
      .toSorted((a, b) => SEVERITY[healthOf(b.target).tone] - SEVERITY[healthOf(a.target).tone]);
    setText(this.#value, count(all.length - troubled.length));
    setText(this.#of, count(all.length));
    const parts = /** @type {const} */ (["good", "idle", "warn", "bad"]).map((tone) => ({
      tone,
      share: tones.filter((each) => each === tone).length / Math.max(1, all.length),
    }));
    if (this.#bar.children.length === 0) {
      this.#bar.append(...parts.map(({ tone }) => h("span", { "data-tone": tone })));
    }
    for (const [index, { share }] of parts.entries()) {
      const part = this.#bar.children[index];
      if (!(part instanceof HTMLElement)) continue;
      part.hidden = share === 0;
      part.style.flexGrow = String(share);
    }
    this.#list.update(
      troubled.slice(0, TROUBLES),
      ({ app, target }) => JSON.stringify([app, target.address]),
    );
    const rest = troubled.length - TROUBLES;
    if (all.length === 0) setText(this.#more, "No target is known.");
    else if (troubled.length === 0) setText(this.#more, "All are in service.");
    else setText(this.#more, rest > 0 ? `and ${plural(rest, "other")}` : "");
  }
}
