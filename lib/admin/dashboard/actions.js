import { AppDialog } from "./dialogs/app_dialog.js";
import { confirm } from "./dialogs/dialog.js";
import { plural } from "./format.js";
import { tell, toast } from "./notices.js";
import { openReload } from "./dialogs/reload_dialog.js";
import { TargetDialog } from "./dialogs/target_dialog.js";

/**
 * @typedef {import("./types.d.ts").Status} Status
 * @typedef {import("./types.d.ts").App} App
 * @typedef {import("./types.d.ts").Target} Target
 * @typedef {import("./types.d.ts").Session} Session
 * @typedef {import("./types.d.ts").Incomplete} Incomplete
 */

/** The actions of an operator. Those that cut traffic ask for confirmation, with the number of affected connections. */
export class Actions {
  #api;
  #status;

  /**
   * @param {import("./data/api.js").Api} api
   * @param {() => Status | undefined} status the latest snapshot
   */
  constructor(api, status) {
    this.#api = api;
    this.#status = status;
  }

  /**
   * @param {string} app
   * @param {string} address
   */
  manageTarget(app, address) {
    const target = targetsOf(this.#app(app)).find((each) => each.address === address);
    if (target === undefined) return toast(`Target ${address} is gone.`, "bad");
    new TargetDialog(app, target, {
      apply: async (change) => {
        /** @type {Incomplete} */
        const answer = await this.#api.ask(
          `apps/${encodeURIComponent(app)}/targets/${encodeURIComponent(address)}`,
          { method: "PATCH", body: change },
        );
        tell(`Target ${address} changed.`, answer);
      },
    });
  }

  /** @param {string} name */
  manageApp(name) {
    const app = this.#app(name);
    if (app === undefined) return toast(`App ${name} is gone.`, "bad");
    new AppDialog(app, this.#api);
  }

  /**
   * @param {Session} session
   * @param {() => void} done
   */
  endSession({ id, app, client, target }, done) {
    confirm({
      title: `End session ${id}?`,
      text: `It cuts 1 connection: ${client} to ${target ?? "no target yet"}, of app ${app}.`,
      label: "End session",
      act: async () => {
        await this.#api.ask(`sessions/${id}`, { method: "DELETE" });
        toast(`Session ${id} ended.`);
        done();
      },
    });
  }

  /**
   * @param {URLSearchParams} filters
   * @param {number} matched how many sessions fit them now
   * @param {() => void} done
   */
  endSessions(filters, matched, done) {
    const chosen = [...filters].map(([key, value]) => `${key} ${value}`).join(", ");
    confirm({
      title: "End these sessions?",
      text: `It cuts ${plural(matched, "connection")}, and those that fit by then: ${chosen}.`,
      label: `End ${plural(matched, "session")}`,
      act: async () => {
        /** @type {Incomplete & { ended: number }} */
        const answer = await this.#api.ask(`sessions?${filters}`, { method: "DELETE" });
        tell(`${plural(answer.ended, "session")} ended.`, answer);
        done();
      },
    });
  }

  reload() {
    void openReload(this.#api);
  }

  drain() {
    const sessions = this.#status()?.sessions ?? 0;
    confirm({
      title: "Drain and stop the proxy?",
      text:
        `It stops accepting at once. ${
          plural(sessions, "open connection")
        } may finish within the configured ` +
        "time, and are cut after it. Then the process ends, as at SIGTERM.",
      label: "Drain and stop",
      act: async () => {
        await this.#api.ask("drain", { method: "POST" });
        toast("The proxy is draining.");
      },
    });
  }

  /** @param {string} name */
  #app(name) {
    return this.#status()?.apps.find((app) => app.name === name);
  }
}

/**
 * @param {App | undefined} app
 * @returns {Target[]}
 */
function targetsOf(app) {
  if (app === undefined) return [];
  return [...app.targets, ...app.routes.flatMap((route) => route.targets)];
}
