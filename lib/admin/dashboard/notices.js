import { byId, h, setText } from "./dom.js";

const SHOWN_MS = 6000;

/**
 * Shows the result of an action for a moment. A screen reader reads it out.
 *
 * @param {string} text
 * @param {"good" | "bad"} [tone]
 */
export function toast(text, tone = "good") {
  const element = h("p", { class: "toast", "data-tone": tone }, text);
  byId("toasts").append(element);
  setTimeout(() => element.remove(), SHOWN_MS);
}

/**
 * Shows the result of an action, and which threads have not answered.
 *
 * @param {string} text
 * @param {import("./types.d.ts").Incomplete} answer
 */
export function tell(text, { incomplete = [] }) {
  if (incomplete.length === 0) toast(text);
  else toast(`${text} Without an answer from ${incomplete.join(", ")}.`, "bad");
}

/**
 * Shows what keeps the page from being current; `null` when nothing does.
 *
 * @param {string | null} text
 */
export function banner(text) {
  const element = byId("banner");
  element.hidden = text === null;
  setText(element, text ?? "");
}

/**
 * Reads out a change of state that is seen otherwise.
 *
 * @param {string} text
 */
export function announce(text) {
  setText(byId("announcer"), text);
}
