import { Actions } from "./actions.js";
import { Api } from "./data/api.js";
import { AppsView } from "./views/apps.js";
import { byId, setText } from "./dom.js";
import { EndingsView } from "./views/endings.js";
import { count } from "./format.js";
import { LogView } from "./views/log.js";
import { announce, banner } from "./notices.js";
import { Overview, showState } from "./views/overview.js";
import { Rates } from "./data/rates.js";
import { SessionsView } from "./views/sessions.js";
import { EventStream } from "./data/stream.js";
import { switchTheme } from "./theme.js";
import { askForToken } from "./dialogs/token_dialog.js";

/**
 * @typedef {import("./types.d.ts").Status} Status
 * @typedef {import("./types.d.ts").Ending} Ending
 * @typedef {import("./types.d.ts").LogLine} LogLine
 */

const VIEWS = ["apps", "sessions", "endings", "log"];

const api = new Api();
const rates = new Rates();
/** @type {Status | undefined} */
let latest;
const actions = new Actions(api, () => latest);
const apps = new AppsView(rates, actions);
const overview = new Overview((address) => apps.filterBy(address));
const sessions = new SessionsView(api, actions);
const endings = new EndingsView();
const log = new LogView();

const stream = new EventStream(api, {
  opened: () => {
    banner(null);
    announce("Connected to the proxy");
  },
  lost: (reason) => {
    showState("Disconnected", "lost");
    const why = reason === null ? "The proxy cannot be reached" : `The proxy refuses: ${reason}`;
    banner(
      latest === undefined
        ? `${why}; trying again.`
        : `${why}; trying again. This is the last that was known.`,
    );
    announce("Disconnected from the proxy");
  },
  refused: () => askForToken(api, () => void stream.open()),
  event: (event, data) => {
    if (event === "snapshot") take(/** @type {Status} */ (data));
    else if (event === "session") endings.add(/** @type {Ending} */ (data));
    else if (event === "log") log.add(/** @type {LogLine} */ (data));
    else if (event === "overflow") endings.lost(/** @type {{ dropped: number }} */ (data).dropped);
  },
});

/** @param {Status} status */
function take(status) {
  const wasState = latest?.state;
  const isSame = rates.update(status);
  if (latest !== undefined && !isSame) {
    overview.clear();
    announce("The proxy has been restarted");
  } else if (wasState !== undefined && wasState !== status.state) {
    announce(`The proxy is ${status.state}`);
  }
  latest = status;
  draw();
}

/** Shows the latest snapshot, and the changes since the previous one. */
function draw() {
  if (latest === undefined) return;
  overview.update(latest, rates);
  apps.update(latest);
  endings.update(latest.traffic.ended);
  log.update();
  sessions.know(latest.apps.map(({ name }) => name));
  const counts = { apps: latest.apps.length, sessions: latest.sessions, log: log.troubles };
  for (const [name, value] of Object.entries(counts)) {
    const element = document.querySelector(`[data-count="${name}"]`);
    if (element !== null) setText(element, name === "log" && value === 0 ? "" : count(value));
  }
}

/** Shows the view that the address names. */
function showView() {
  const name = location.hash.replace(/^#\/?/, "");
  const view = VIEWS.includes(name) ? name : "apps";
  for (const each of VIEWS) byId(each).hidden = each !== view;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.getAttribute("href") === `#/${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  sessions.show(view === "sessions");
  if (latest === undefined) return;
  apps.update(latest);
  endings.update(latest.traffic.ended);
  log.update();
}

/** Puts the focus into the filter of the view at "/". @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  if (target instanceof Element && target.closest("input, select, textarea, dialog") !== null) return;
  const input = document.querySelector(".view:not([hidden]) input[type=search]");
  if (!(input instanceof HTMLElement)) return;
  event.preventDefault();
  input.focus();
}

switchTheme(byId("theme"), () => overview.redraw());
byId("reload").addEventListener("click", () => actions.reload());
byId("drain").addEventListener("click", () => actions.drain());
addEventListener("hashchange", showView);
addEventListener("keydown", onKey);
showView();
void stream.open();
