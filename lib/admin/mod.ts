/** The admin API: its server, its client and its tokens. */
export {
  AdminClient,
  AdminClientError,
  type AdminClientOptions,
  type ReloadAnswer,
  type RequestMethod,
  type RequestOptions,
} from "./client/client.ts";
export type { AppChangeJson, ChangesJson, ReloadProblemJson, TargetChangeJson } from "./json/reload.ts";
export type { AdminReloads, ConfigState, LastReload } from "./route.ts";
export type { AppJson, FaultJson, StatusJson, TargetJson } from "./json/status.ts";
export { EventHub, type EventSources } from "./events/mod.ts";
export { explanationToJson } from "./json/explanation.ts";
export type { AdminObserver } from "./admin_observer.ts";
export { AdminServer, type AdminServerOptions } from "./server.ts";
export { readToken, TokenError } from "./auth/token.ts";
