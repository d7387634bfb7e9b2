import { ApiError, reasonOf } from "../data/api.js";
import { Dialog } from "./dialog.js";
import { h } from "../dom.js";
import { plural, words } from "../format.js";
import { toast } from "../notices.js";

/**
 * @typedef {import("../types.d.ts").Reload} Reload
 * @typedef {import("../types.d.ts").ReloadProblem} ReloadProblem
 * @typedef {Reload["changes"]["apps"][number]} AppChange
 */

/**
 * Shows what a reload of the config would change, and performs it on confirmation.
 *
 * @param {import("../data/api.js").Api} api
 */
export async function openReload(api) {
  const dialog = new Dialog("Reload the config", { isWide: true });
  const plan = h(
    "div",
    { class: "plan", "aria-live": "polite" },
    h("p", { class: "muted" }, "Reading the config…"),
  );
  dialog.body.append(plan);
  dialog.addCancel();
  const button = dialog.addAction("Reload", async () => {
    try {
      /** @type {Reload} */
      const done = await api.ask("reload", { method: "POST" });
      toast(`Reloaded: ${plural(changed(done).length, "app")} changed.`);
    } catch (error) {
      const problems = problemsOf(error);
      if (problems !== undefined) plan.replaceChildren(...refusal(problems));
      throw error;
    }
  });
  button.disabled = true;
  dialog.open();
  try {
    /** @type {Reload} */
    const planned = await api.ask("reload?plan=true", { method: "POST" });
    plan.replaceChildren(...describe(planned));
    button.disabled = false;
    button.focus();
  } catch (error) {
    const problems = problemsOf(error);
    if (problems === undefined) plan.replaceChildren(h("p", { class: "problem" }, reasonOf(error)));
    else plan.replaceChildren(...refusal(problems));
  }
}

/** @param {Reload} reload */
function changed({ changes }) {
  return changes.apps.filter(({ change }) => change !== "kept");
}

/** @param {Reload} reload */
function describe(reload) {
  const apps = changed(reload);
  const files = reload.apps.flatMap((app) => app.files.map(({ file }) => ({ app: app.name, file })));
  const nodes = [];
  const { settings } = reload.changes;
  if (apps.length === 0 && settings.length === 0) {
    nodes.push(
      h("p", {}, "The config is what is in effect. A reload reads certificates and other files again."),
    );
  }
  for (const app of apps) nodes.push(appChange(app));
  if (settings.length > 0) {
    nodes.push(h("section", { class: "change" }, h("h3", {}, "Settings"), options(settings)));
  }
  if (files.length > 0) {
    nodes.push(
      h(
        "p",
        { class: "muted" },
        `${plural(files.length, "file")} read again: ${files.map(({ file }) => file).join(", ")}`,
      ),
    );
  }
  if (reload.warnings.length > 0) nodes.push(h("h3", {}, "Warnings"), problemList(reload.warnings));
  return nodes;
}

/** @param {AppChange} app */
function appChange({ name, change, sessions, listeners, targets, options: changes }) {
  const list = h("ul", { class: "changes" });
  for (const { address, change } of listeners) {
    if (change !== "kept") list.append(changeLine(change, "listener", address));
  }
  for (const { address, route, change, connections } of targets) {
    if (change === "kept") continue;
    const open = change === "gone" && connections !== null
      ? `, ${plural(connections, "open connection")}`
      : "";
    list.append(changeLine(change, "target", `${address}${route === null ? "" : ` for ${route}`}${open}`));
  }
  const touched = change === "gone" || change === "changed";
  return h(
    "section",
    { class: "change" },
    h(
      "h3",
      {},
      `${name} `,
      h("span", { class: "state", "data-tone": TONES[change] ?? "idle" }, words(change)),
      touched ? h("span", { class: "muted" }, `, ${plural(sessions ?? 0, "open connection")}`) : null,
    ),
    list.children.length > 0 ? list : null,
    changes.length > 0 ? options(changes) : null,
  );
}

/** @type {Record<string, string>} */
const TONES = { added: "good", changed: "warn", gone: "bad" };

/**
 * @param {string} change
 * @param {string} kind
 * @param {string} text
 */
function changeLine(change, kind, text) {
  const sign = change === "added" ? "+" : change === "gone" ? "−" : "~";
  return h(
    "li",
    { "data-change": change },
    h("span", { class: "sign", "aria-hidden": "true" }, sign),
    h("span", {}, `${kind} ${text} `),
    h("span", { class: "muted" }, words(change)),
  );
}

/** @param {readonly import("../types.d.ts").OptionChange[]} changes */
function options(changes) {
  return h(
    "table",
    { class: "options" },
    h(
      "thead",
      {},
      h("tr", {}, ...["Option", "Before", "After"].map((title) => h("th", { scope: "col" }, title))),
    ),
    h(
      "tbody",
      {},
      ...changes.map(({ key, before, after }) =>
        h("tr", {}, h("th", { scope: "row" }, key), h("td", {}, shown(before)), h("td", {}, shown(after)))
      ),
    ),
  );
}

/** @param {unknown} value */
function shown(value) {
  if (value === undefined || value === null) return "not set";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {readonly ReloadProblem[]} problems */
function refusal(problems) {
  return [
    h("p", { class: "problem" }, "The config cannot be used, and nothing has changed."),
    problemList(problems),
  ];
}

/** @param {readonly ReloadProblem[]} problems */
function problemList(problems) {
  return h(
    "ul",
    { class: "problems" },
    ...problems.map(({ app, file, message }) =>
      h("li", {}, [app === null ? "" : `app ${app}: `, file === null ? "" : `${file}: `, message].join(""))
    ),
  );
}

/**
 * @param {unknown} error
 * @returns {readonly ReloadProblem[] | undefined}
 */
function problemsOf(error) {
  if (!(error instanceof ApiError)) return undefined;
  const { problems } = error.problem;
  return Array.isArray(problems) ? problems : undefined;
}
