import { setAttribute } from "./dom.js";

/** @typedef {"system" | "light" | "dark"} Theme */

const KEY = "tcpproxy.theme";

/** @type {readonly Theme[]} */
const THEMES = ["system", "light", "dark"];

const SYMBOLS = { system: "◐", light: "☀", dark: "☾" };
const NAMES = { system: "as the system", light: "light", dark: "dark" };

/**
 * Makes a button switch the colors of the page: as the system, light, dark.
 *
 * @param {HTMLElement} button
 * @param {() => void} changed called when the colors are others
 */
export function switchTheme(button, changed) {
  const show = (/** @type {Theme} */ theme) => {
    setAttribute(document.documentElement, "data-theme", theme === "system" ? null : theme);
    button.textContent = SYMBOLS[theme];
    button.setAttribute("aria-label", `Colors: ${NAMES[theme]}`);
    button.title = `Colors: ${NAMES[theme]}`;
  };
  let theme = stored();
  show(theme);
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
    localStorage.setItem(KEY, theme);
    show(theme);
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** @returns {Theme} */
function stored() {
  const value = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === value) ?? "system";
}
