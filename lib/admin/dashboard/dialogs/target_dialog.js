import { Dialog, field } from "./dialog.js";
import { h } from "../dom.js";
import { plural } from "../format.js";

/** @typedef {{ state?: "ready" | "drain" | "down", weight?: number | null }} TargetChange */

const STATES = /** @type {const} */ ([
  ["ready", "Ready", "takes connections while it is up"],
  ["drain", "Drain", "takes no new connections; open ones go on"],
  ["down", "Down", "takes none, and open ones are cut"],
]);

/** Changes what an operator may of a target: its state and its weight. */
export class TargetDialog {
  /**
   * @param {string} app
   * @param {import("../types.d.ts").Target} target
   * @param {{ apply: (change: TargetChange) => Promise<void> }} options
   */
  constructor(app, target, { apply }) {
    const dialog = new Dialog(target.address);
    const radios = STATES.map(([value]) =>
      h("input", {
        type: "radio",
        name: "state",
        value,
        id: `state-${value}`,
        checked: target.admin === value,
      })
    );
    const weight = h("input", {
      type: "number",
      min: 0,
      max: 256,
      step: 1,
      placeholder: String(target.configured_weight),
    });
    if (target.weight !== target.configured_weight) weight.value = String(target.weight);
    dialog.body.append(
      h(
        "p",
        { class: "muted" },
        `Target of app ${app}, ${plural(target.connections ?? 0, "open connection")}`,
      ),
      h(
        "fieldset",
        { class: "choices" },
        h("legend", {}, "State"),
        ...STATES.map(([value, name, help], index) =>
          h(
            "label",
            { class: "choice", for: `state-${value}` },
            radios[index],
            h("span", {}, h("strong", {}, name), h("span", { class: "help" }, help)),
          )
        ),
      ),
      field("Weight", weight, `0 to 256; empty: as configured (${target.configured_weight})`),
      h(
        "p",
        { class: "muted" },
        "Kept through reloads, until the target leaves the config or the process ends.",
      ),
    );
    dialog.addCancel();
    const chosen = () => STATES.find((_, index) => radios[index]?.checked)?.[0] ?? target.admin;
    const button = dialog.addAction("Apply", async () => {
      if (!weight.checkValidity()) throw new TypeError("the weight is no whole number from 0 to 256");
      const wanted = weight.value === "" ? target.configured_weight : Number(weight.value);
      /** @type {TargetChange} */
      const change = {};
      if (chosen() !== target.admin) change.state = chosen();
      if (wanted !== target.weight) change.weight = weight.value === "" ? null : wanted;
      if (Object.keys(change).length > 0) await apply(change);
    });
    const show = () => {
      const cuts = chosen() === "down" && target.admin !== "down";
      const count = target.connections;
      button.dataset.tone = cuts ? "danger" : "primary";
      button.textContent = !cuts
        ? "Apply"
        : count === null
        ? "Apply and cut its connections"
        : `Apply and cut ${plural(count, "connection")}`;
    };
    for (const radio of radios) radio.addEventListener("change", show);
    show();
    dialog.open();
  }
}
