import { LOOP } from "../../../dial/mod.ts";
import type { Logger } from "../../../log/mod.ts";
import type { EndedSession } from "../../../session/mod.ts";
import { type Answer, describeAnswers } from "../../dial_answers.ts";
import type { Schedule } from "./episode.ts";
import { WarningBudget } from "./_warning_budget.ts";

/** Warnings per app and second. */
const WARNINGS_PER_SECOND = 10;

/** Warnings about sessions without a target; too many of an app are counted instead. */
export class NoTargetWarnings {
  readonly #log: Logger;
  readonly #schedule: Schedule;
  readonly #budgets = new Map<string, WarningBudget>();

  constructor(log: Logger, schedule: Schedule) {
    this.#log = log;
    this.#schedule = schedule;
  }

  warn(session: EndedSession): void {
    const { failures } = session;
    // The circle has had its own warning, and each of its connections ends so.
    if (failures.length > 0 && failures.every(({ code }) => code === LOOP)) return;
    const app = session.app.name;
    let budget = this.#budgets.get(app);
    if (budget === undefined) {
      budget = new WarningBudget({
        perSecond: WARNINGS_PER_SECOND,
        schedule: this.#schedule,
        onLeftOut: (count) =>
          this.#log.warning('app "{app}": no target could be reached, {count} more times', { app, count }),
      });
      this.#budgets.set(app, budget);
    }
    if (!budget.take()) return;
    const answers = failures.map(({ target, code, message }): Answer => {
      return { label: target.label, code, message };
    });
    this.#log.warning('app "{app}": no target could be reached: {answers}', {
      app,
      answers: answers.length === 0 && session.detail !== "" ? session.detail : describeAnswers(answers),
    });
  }

  /** Logs the counts that are due, and stops the timers. */
  close(): void {
    for (const budget of this.#budgets.values()) budget.close();
  }
}
