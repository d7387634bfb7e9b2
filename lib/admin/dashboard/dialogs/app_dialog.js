import { Dialog } from "./dialog.js";
import { h } from "../dom.js";
import { describeFault, FaultForm, settableOf } from "./fault_form.js";
import { reasonOf } from "../data/api.js";
import { plural } from "../format.js";
import { tell } from "../notices.js";

/**
 * @typedef {import("../types.d.ts").App} App
 * @typedef {import("../types.d.ts").Fault} Fault
 * @typedef {import("../types.d.ts").Incomplete} Incomplete
 */

/** Pauses an app, and puts faults on it. */
export class AppDialog {
  #api;
  #path;
  #app;
  #dialog;
  #faults = h("ul", { class: "faults" });

  /**
   * @param {App} app
   * @param {import("../data/api.js").Api} api
   */
  constructor(app, api) {
    this.#api = api;
    this.#app = app;
    this.#path = `apps/${encodeURIComponent(app.name)}`;
    this.#dialog = new Dialog(app.name, { isWide: true });
    const isPaused = app.state === "paused";
    const form = new FaultForm();
    const add = h("button", { type: "button", class: "button" }, "Put fault on");
    add.addEventListener("click", () =>
      void this.#change("Fault on.", async () => {
        return await this.#put([...await this.#ofApi(), form.value()]);
      }));
    const pause = h(
      "button",
      { type: "button", class: "button", "data-tone": isPaused ? "primary" : "" },
      isPaused ? "Accept again" : "Pause accepting",
    );
    pause.addEventListener(
      "click",
      () =>
        void this.#change(
          isPaused ? `App ${app.name} accepts again.` : `App ${app.name} is paused.`,
          async () => {
            /** @type {Incomplete} */
            const answer = await api.ask(this.#path, {
              method: "PATCH",
              body: { state: isPaused ? "accepting" : "paused" },
            });
            this.#dialog.close();
            return answer;
          },
        ),
    );
    this.#dialog.body.append(
      h("h3", {}, "Accepting"),
      h(
        "p",
        { class: "muted" },
        isPaused
          ? "It is paused: clients wait in the backlog of the kernel."
          : `Pausing cuts nothing: ${
            plural(app.sessions ?? 0, "open connection")
          } go on, new clients wait in the ` +
            "backlog of the kernel.",
      ),
      pause,
      h("h3", {}, "Faults"),
      h("p", { class: "muted" }, "For tests: what you put on here hits connections that come from now on."),
      this.#faults,
      h("details", {}, h("summary", {}, "Put a fault on"), form.element, add),
    );
    this.#dialog.addCancel("Close");
    this.#show(app.faults);
    this.#dialog.open();
  }

  /** @param {readonly Fault[]} faults */
  #show(faults) {
    this.#faults.replaceChildren(...faults.map((fault, index) => {
      const text = h("span", { class: "fault" }, describeFault(fault));
      if (fault.source === "config") {
        return h("li", {}, text, h("span", { class: "muted" }, "in the config"));
      }
      const off = h("button", { type: "button", class: "button small" }, "Take off");
      off.setAttribute("aria-label", `Take fault ${index + 1} off: ${describeFault(fault)}`);
      off.addEventListener("click", () =>
        void this.#change("Fault off.", async () => {
          const rest = faults.filter((each) => each.source === "api" && each !== fault).map(settableOf);
          if (rest.length > 0) return await this.#put(rest);
          const answer = await this.#ask("DELETE");
          this.#show(answer.faults);
          return answer;
        }));
      return h("li", {}, text, off);
    }));
    if (faults.length === 0) this.#faults.append(h("li", { class: "muted" }, "No fault is on."));
  }

  /** The faults that the API has set, as they would be set again. */
  async #ofApi() {
    const { faults } = await this.#ask("GET");
    return faults.filter(({ source }) => source === "api").map(settableOf);
  }

  /** @param {readonly Record<string, unknown>[]} faults */
  async #put(faults) {
    const answer = await this.#ask("PUT", { faults });
    this.#show(answer.faults);
    return answer;
  }

  /**
   * @param {string} method
   * @param {unknown} [body]
   * @returns {Promise<Incomplete & { faults: Fault[] }>}
   */
  #ask(method, body) {
    return this.#api.ask(`${this.#path}/faults`, { method, body });
  }

  /**
   * @param {string} done what to say then
   * @param {() => Promise<Incomplete>} act
   */
  async #change(done, act) {
    this.#dialog.show(null);
    try {
      tell(done, await act());
    } catch (error) {
      this.#dialog.show(reasonOf(error));
    }
  }
}
