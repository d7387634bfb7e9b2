import { field } from "./dialog.js";
import { h } from "../dom.js";
import { clockTime, words } from "../format.js";

/** @typedef {import("../types.d.ts").Fault} Fault */

/** The kinds of faults, with the fields of each: key, label, example. */
const KINDS = /** @type {const} */ ({
  latency: [["amount", "Amount", "100ms"], ["jitter", "Jitter", "20ms"]],
  bandwidth: [["rate", "Rate", "64KiB/s"]],
  slice: [["size", "Piece", "16B"], ["delay", "Wait between pieces", "10ms"]],
  reset: [["after", "After", "2s"]],
  close: [["after", "After", "2s"]],
  black_hole: [],
  refuse: [],
});

/** Keys that are known of a fault and cannot be set. */
const KNOWN = new Set(["since", "expires_at", "source"]);

/** A form for a fault, in the config's own terms. */
export class FaultForm {
  element = h("div", { class: "fault-form" });
  #kind = h("select", {}, ...Object.keys(KINDS).map((kind) => h("option", { value: kind }, words(kind))));
  #direction = h("select", {}, ...["both", "up", "down"].map((value) => h("option", { value }, value)));
  #probability = h("input", { type: "number", min: 0, max: 100, value: 100 });
  #clients = h("input", { type: "text", placeholder: "all", spellcheck: "false" });
  #expires = h("input", { type: "text", value: "10m", spellcheck: "false" });
  #own = h("div", { class: "fields" });
  /** @type {Map<string, HTMLInputElement>} */
  #inputs = new Map();

  constructor() {
    this.element.append(
      field("Kind", this.#kind),
      this.#own,
      h(
        "div",
        { class: "fields" },
        field("Direction", this.#direction, "up: from client to target"),
        field("Connections hit, in %", this.#probability),
        field("Clients", this.#clients, "addresses or CIDR, with commas"),
        field("Ends after", this.#expires, "such as 30s, 10m; off for never"),
      ),
    );
    this.#kind.addEventListener("change", () => this.#showOwn());
    this.#showOwn();
  }

  /**
   * Returns the fault as a config has it.
   *
   * @returns {Record<string, unknown>}
   */
  value() {
    const clients = this.#clients.value.split(",").map((each) => each.trim()).filter((each) => each !== "");
    const own = [...this.#inputs].map(([key, input]) => [key, input.value.trim()]).filter(([, value]) =>
      value !== ""
    );
    return {
      kind: this.#kind.value,
      ...Object.fromEntries(own),
      direction: this.#direction.value,
      probability: Number(this.#probability.value) / 100,
      ...(clients.length === 0 ? {} : { clients }),
      ...(this.#expires.value.trim() === "" ? {} : { expires: this.#expires.value.trim() }),
    };
  }

  #showOwn() {
    const kind = /** @type {keyof typeof KINDS} */ (this.#kind.value);
    this.#inputs.clear();
    this.#own.replaceChildren(...KINDS[kind].map(([key, label, example], index) => {
      const input = h("input", { type: "text", placeholder: example, spellcheck: "false" });
      if (index === 0) input.value = example;
      this.#inputs.set(key, input);
      return field(label, input);
    }));
  }
}

/**
 * Returns an active fault as it would be set again: with the rest of its time.
 *
 * @param {Fault} fault
 * @returns {Record<string, unknown>}
 */
export function settableOf(fault) {
  const known = Object.fromEntries(Object.entries(fault).filter(([key]) => !KNOWN.has(key)));
  if (fault.expires_at === null) return known;
  const seconds = Math.max(1, Math.ceil((Date.parse(fault.expires_at) - Date.now()) / 1000));
  return { ...known, expires: `${seconds}s` };
}

/**
 * Describes a fault in one line.
 *
 * @param {Fault} fault
 */
export function describeFault(fault) {
  const parts = Object.entries(fault)
    .filter(([key, value]) => !KNOWN.has(key) && key !== "kind" && key !== "expires" && isSaid(key, value))
    .map(([key, value]) => `${words(key)} ${Array.isArray(value) ? value.join(", ") : String(value)}`);
  const until = fault.expires_at === null ? "" : `, until ${clockTime(fault.expires_at)}`;
  return `${words(fault.kind)}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}${until}`;
}

/**
 * @param {string} key
 * @param {unknown} value
 */
function isSaid(key, value) {
  if (value === null || value === undefined) return false;
  if (key === "direction" && value === "both") return false;
  if (key === "probability" && value === 1) return false;
  return !(Array.isArray(value) && value.length === 0);
}
