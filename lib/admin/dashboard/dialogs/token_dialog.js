import { Dialog, field } from "./dialog.js";
import { h } from "../dom.js";

/** @type {Dialog | undefined} */
let current;

/**
 * Asks for the token of the admin API, which this tab keeps until it is closed.
 *
 * @param {import("../data/api.js").Api} api
 * @param {() => void} given called when there is another token
 */
export function askForToken(api, given) {
  if (current?.element.open) return;
  const wasWrong = api.token !== null;
  api.token = null;
  const dialog = current = new Dialog("Token needed");
  const input = h("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const use = async () => {
    if (input.value.trim() === "") {
      input.focus();
      throw new TypeError("no token given");
    }
    api.token = input.value.trim();
    given();
    await Promise.resolve();
  };
  dialog.body.append(
    h("p", {}, "This proxy answers only to those who have the token in its “admin.token_file”."),
    field("Token", input, "Kept in this tab until you close it."),
  );
  const button = dialog.addAction("Connect", use);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") button.click();
  });
  // Without a token there is nothing behind the dialog to go back to.
  dialog.element.addEventListener("cancel", (event) => event.preventDefault());
  dialog.open();
  if (wasWrong) dialog.show("The proxy refused that token.");
}
