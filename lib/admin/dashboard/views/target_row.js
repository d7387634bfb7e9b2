import { h, setAttribute, setText } from "../dom.js";
import { byteRate, clockTime, count, milliseconds, percent, perSecond } from "../format.js";
import { healthOf } from "../health.js";

/**
 * @typedef {object} ShownTarget
 * @property {import("../types.d.ts").Target} target
 * @property {number} share from 0 to 1
 * @property {import("../types.d.ts").Rate | undefined} rate
 */

/** One target in its pool's table. */
export class TargetRow {
  /** @type {HTMLElement} */
  element;
  #address = h("span", { class: "address" });
  #notes = h("span", { class: "notes" });
  #state = h("span", { class: "state" });
  #detail = h("span", { class: "detail" });
  #bar = h("span", { class: "share-bar", "aria-hidden": "true" }, h("span"));
  #share = h("span", { class: "share-text" });
  #open = h("td", { class: "number", "data-label": "open" });
  #fresh = h("td", { class: "number", "data-label": "new" });
  #down = h("td", { class: "number", "data-label": "down" });
  #up = h("td", { class: "number", "data-label": "up" });
  #dial = h("td", { class: "number", "data-label": "dial" });
  #weight = h("td", { class: "number", "data-label": "weight" });
  #manage = h("button", { type: "button", class: "button small" }, "Manage…");

  /** @param {{ manage: (address: string) => void }} options */
  constructor({ manage }) {
    this.#manage.addEventListener("click", () => manage(this.#address.textContent ?? ""));
    this.element = h(
      "tr",
      { class: "target" },
      h("th", { scope: "row" }, this.#address, this.#notes),
      h("td", { class: "state-cell" }, this.#state, this.#detail),
      h("td", { class: "share-cell", "data-label": "share" }, this.#bar, this.#share),
      this.#open,
      this.#fresh,
      this.#down,
      this.#up,
      this.#dial,
      this.#weight,
      h("td", { class: "manage-cell" }, this.#manage),
    );
  }

  /** @param {ShownTarget} shown */
  update({ target, share, rate }) {
    const { tone, word } = healthOf(target);
    setAttribute(this.element, "data-tone", tone);
    setAttribute(this.element, "data-share", share.toFixed(3));
    setText(this.#address, target.address);
    setAttribute(this.#address, "title", target.address);
    const notes = [
      target.backup ? "backup" : "",
      target.discovered_by === null ? "" : `by ${target.discovered_by}`,
    ];
    setText(this.#notes, notes.filter((note) => note !== "").join(" · "));
    setText(this.#state, word);
    setAttribute(this.#state, "data-tone", tone);
    setAttribute(this.#state, "title", target.since === null ? null : `since ${clockTime(target.since)}`);
    setText(this.#detail, target.detail ?? "");
    setAttribute(this.#detail, "title", target.detail);
    const inner = this.#bar.firstElementChild;
    if (inner instanceof HTMLElement) inner.style.width = percent(share);
    setText(this.#share, percent(share));
    const { connections, max_connections: max } = target;
    setText(this.#open, max === null ? count(connections) : `${count(connections)} of ${count(max)}`);
    setText(this.#fresh, perSecond(rate?.connections));
    setText(this.#down, byteRate(rate?.down));
    setText(this.#up, byteRate(rate?.up));
    setText(this.#dial, milliseconds(target.traffic.dial_ms?.p50));
    const spread = target.traffic.dial_ms;
    setAttribute(
      this.#dial,
      "title",
      spread === null
        ? null
        : `half of the dials take ${milliseconds(spread.p50)}, 99% at most ${milliseconds(spread.p99)}`,
    );
    const current = Math.round(target.current_weight * 10) / 10;
    setText(
      this.#weight,
      current === target.weight ? count(target.weight) : `${current} of ${target.weight}`,
    );
    setAttribute(this.#weight, "data-is-changed", target.weight === target.configured_weight ? null : "");
    setAttribute(
      this.#weight,
      "title",
      target.weight === target.configured_weight ? null : `configured: ${target.configured_weight}`,
    );
    setAttribute(this.#manage, "aria-label", `Manage target ${target.address}`);
  }
}
