/** The proxy as a whole: started from a config all or nothing, drained, stopped. */
export { checkFiles } from "./check_files.ts";
export type { CheckFilesOptions, FileProblem } from "./check_tls.ts";
export {
  type ConnectionQuestion,
  describeNoListener,
  type Destination,
  explainConnection,
  type ExplainedConnection,
  type Explanation,
  type RouteVerdict,
  type TargetExplanation,
} from "./explain.ts";
export { Certificates, programProblem, type WallTime } from "./certificates.ts";
export { type ExplanationJson, explanationJson } from "./explanation_json.ts";
export {
  QUESTION_PARTS,
  QuestionError,
  type QuestionTexts,
  questionTexts,
  readQuestion,
  type Spell,
} from "./question.ts";
export type { RuntimeSnapshot } from "./runtime_snapshot.ts";
export { type AppStatus, type ProxyStatus, statusOf } from "./status.ts";
export type { ListenerInfo, ProxyControl } from "./control.ts";
export type { ProxyObserver } from "./observer.ts";
export type { BoundProxy, WorkerContext } from "./worker_context.ts";
export { ControlPlane, type ControlPlaneOptions } from "./control_plane.ts";
export { Proxy, type ProxyOptions } from "./proxy.ts";
export type { ReloadedApp, ReloadedFile, ReloadProblem, ReloadResult } from "./reload_result.ts";
export { StartError } from "./start_error.ts";
