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
export { factsOf, type PoolFacts, type TargetFacts, type TargetHealth } from "./facts.ts";
export type { LiveView } from "./live.ts";
export { type AppStatus, type ProxyStatus, statusOf } from "./status.ts";
export type { ListenerInfo, ProxyControl } from "./control.ts";
export type { ProxyObserver, TargetChange } from "./observer.ts";
export type { BoundProxy, FollowedApp, FollowedTarget, Following, PoolPlace } from "./follower.ts";
export { Leader, type LeaderOptions } from "./leader.ts";
export type { AppMaterials, NextMaterials } from "./materials.ts";
export { Proxy, type ProxyOptions } from "./proxy.ts";
export { dialedAt, targetsOf } from "./reach.ts";
export type { ReloadedApp, ReloadedFile, ReloadProblem, ReloadResult } from "./reload_result.ts";
export { StartError } from "./start_error.ts";
