/** One client connection from accept to record, and the table of those that last. */
export type { AdmissionRules } from "./admission.ts";
export type {
  SecureTarget,
  SessionApp,
  SessionFaults,
  SessionObserver,
  SessionShared,
  TargetTalk,
} from "./app.ts";
export type { EndedSession, LogField } from "./ended.ts";
export type { IntakeRules, TlsIntake } from "./intake.ts";
export { mysqlLogin } from "./mysql_login.ts";
export type { SessionOrigin } from "./outcome.ts";
export { Session } from "./session.ts";
export { upgradeTarget } from "./upgrade_target.ts";
export { type DrainOptions, SessionTable } from "./table.ts";
