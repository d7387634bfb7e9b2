import { reasonOf } from "../data/api.js";
import { h, setText } from "../dom.js";

let lastId = 0;

/**
 * A dialog with a title, a body and a row of buttons. It closes by Escape, by its cancel button and when it is done.
 */
export class Dialog {
  /** @type {HTMLDialogElement} */
  element;
  /** @type {HTMLElement} What it is about. */
  body;
  /** @type {HTMLElement} */
  #buttons;
  /** @type {HTMLElement} */
  #problem;

  /**
   * @param {string} title
   * @param {{ isWide?: boolean }} [options]
   */
  constructor(title, { isWide = false } = {}) {
    const id = `dialog-${++lastId}`;
    this.body = h("div", { class: "dialog-body" });
    this.#problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.#buttons = h("div", { class: "dialog-buttons" });
    this.element = h(
      "dialog",
      { "aria-labelledby": id, class: isWide ? "wide" : "" },
      h("h2", { id }, title),
      this.body,
      this.#problem,
      this.#buttons,
    );
    this.element.addEventListener("close", () => this.element.remove());
  }

  /**
   * Adds a button that closes the dialog and does nothing else.
   *
   * @param {string} [label]
   */
  addCancel(label = "Cancel") {
    this.#buttons.append(
      h("button", { type: "button", class: "button", onclick: () => this.close() }, label),
    );
    return this;
  }

  /**
   * Adds a button that does something, and closes the dialog when that is done. What it throws is shown.
   *
   * @param {string} label
   * @param {() => Promise<void>} act
   * @param {{ tone?: "primary" | "danger" }} [options]
   */
  addAction(label, act, { tone = "primary" } = {}) {
    const button = h("button", { type: "button", class: "button", "data-tone": tone }, label);
    button.addEventListener("click", async () => {
      this.show(null);
      button.disabled = true;
      try {
        await act();
        this.close();
      } catch (error) {
        this.show(reasonOf(error));
      } finally {
        button.disabled = false;
      }
    });
    this.#buttons.append(button);
    return button;
  }

  /**
   * Shows an error.
   *
   * @param {string | null} problem
   */
  show(problem) {
    this.#problem.hidden = problem === null;
    setText(this.#problem, problem ?? "");
  }

  open() {
    document.body.append(this.element);
    this.element.showModal();
    return this;
  }

  close() {
    this.element.close();
  }
}

/**
 * Asks whether to do something that cuts traffic.
 *
 * @param {{ title: string, text: string, label: string, act: () => Promise<void> }} question
 */
export function confirm({ title, text, label, act }) {
  const dialog = new Dialog(title);
  dialog.body.append(h("p", {}, text));
  dialog.addCancel();
  dialog.addAction(label, act, { tone: "danger" });
  return dialog.open();
}

/**
 * Returns a field with its label and its purpose.
 *
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [help]
 */
export function field(label, control, help) {
  const id = `field-${++lastId}`;
  control.id = id;
  const described = help === undefined ? null : h("span", { class: "help", id: `${id}-help` }, help);
  if (described !== null) control.setAttribute("aria-describedby", described.id);
  return h("div", { class: "field" }, h("label", { for: id }, label), control, described);
}
