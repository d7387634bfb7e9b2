/** The proxy as a whole: started from a config all or nothing, drained, stopped. */
export { checkFiles } from "./reload/check_files.ts";
export { type CheckFilesOptions, type FileProblem, openSecret } from "./reload/check_tls.ts";
export { describeNoListener } from "./explain/listener_choice.ts";
export { explainConnection } from "./explain/explain.ts";
export type {
  ConnectionQuestion,
  Destination,
  ExplainedConnection,
  Explanation,
  RouteVerdict,
  TargetExplanation,
} from "./explain/explanation.ts";
export { programProblem, Reloader, type ReloadStep, type WallTime } from "./reload/reloader.ts";
export { type ExplanationJson, explanationJson } from "./explain/explanation_json.ts";
export {
  QUESTION_PARTS,
  QuestionError,
  type QuestionTexts,
  questionTexts,
  readQuestion,
  type Spell,
} from "./explain/question.ts";
export {
  type ListenName,
  type ListenNamesOptions,
  type NamedListeners,
  resolveListenNames,
} from "./listeners/listen_names.ts";
export { type PassedSockets, resolvePassedSockets } from "./listeners/passed_sockets.ts";
export type { ListenerInfo, RuntimeSnapshot } from "./status/runtime_snapshot.ts";
export { type AppStatus, type ProxyStatus, statusOf } from "./status/status.ts";
export { metricsOf } from "./status/metrics_of.ts";
export type { ProxyControl } from "./control.ts";
export {
  type Carried,
  type DiscoveryAnswer,
  KILLED,
  type ProxyOperations,
  type SessionList,
  type SessionsEnded,
  TARGET_DOWN,
  type TargetName,
} from "./operations.ts";
export type { ProxyObserver } from "./proxy_observer.ts";
export { type SocketFileChange, SocketFileWatch } from "./listeners/socket_file_watch.ts";
export { removeLeftovers, removeStaleFile } from "./listeners/stale_socket.ts";
export type { BoundProxy, WorkerContext } from "./worker_context.ts";
export type { HandedApp, TakenOverApp } from "./handed_state.ts";
export { ControlPlane, type ControlPlaneOptions } from "./control_plane.ts";
export { Proxy, type ProxyOptions } from "./proxy.ts";
export { obsoleteMs, type Retirement } from "./retirement.ts";
export type {
  ReloadedApp,
  ReloadedFile,
  ReloadPlan,
  ReloadProblem,
  ReloadResult,
} from "./reload/reload_result.ts";
export { StartError } from "./start_error.ts";
