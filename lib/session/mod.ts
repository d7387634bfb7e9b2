/** One client connection from accept to record, and the table of those that last. */
export type { AdmissionRules } from "./inspect/admission.ts";
export type { SecureTarget, SessionApp, SessionFaults, SessionShared, TargetTalk } from "./app.ts";
export type { EndedSession, LogField } from "./ended.ts";
export type { InspectRules, TlsAcceptor } from "./inspect/inspector.ts";
export { mysqlLogin } from "./negotiate/mysql_login.ts";
export type { SessionOrigin } from "./outcome.ts";
export type { OpenSession, SessionObserver, SessionOptions } from "./open_session.ts";
export { Session } from "./session.ts";
export type { SessionTap, TappedConnection, TappedSession } from "./tap.ts";
export type { SessionTally, TalliedSession } from "./tally.ts";
export { upgradeTarget } from "./negotiate/upgrade_target.ts";
export type { SessionFacts, SessionPage } from "./table/session_facts.ts";
export {
  describeFilter,
  firstSessions,
  SESSION_SORTS,
  SESSION_STATES,
  type SessionFilter,
  type SessionQuery,
  type SessionSort,
  type SessionState,
} from "./table/session_query.ts";
export { type DrainOptions, type EndingReason, SessionTable } from "./table/table.ts";
