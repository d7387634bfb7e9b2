/** One app: its targets, limits, TLS, and the settings of its sessions. */
export { App, type AppOptions, type AppWorker } from "./app.ts";
export { type AppPool, AppTargets, type AppTargetsOptions } from "./targets/app_targets.ts";
export { dialedAt, discoveredNetworks, targetsOf } from "./targets/dial_addresses.ts";
export { type FileText, FileTexts } from "./tls/file_texts.ts";
export type { AppTally } from "./app_tally.ts";
export type { AppObserver, TargetChange } from "./app_observer.ts";
export type { Prepared } from "./prepared.ts";
export { AppOverrides, Overrides, type RetainedApp } from "./overrides.ts";
export { SharedDraws } from "./faults/shared_draws.ts";
export {
  type FaultSnapshot,
  faultSnapshots,
  type Moment,
  type RuntimeFaults,
} from "./faults/runtime_faults.ts";
export type { TargetSetting, TargetSettingChange } from "./targets/target_settings.ts";
export { accessOf, routeName, routesOf } from "./routes.ts";
export type { EntryAnswer, MonitorObserver } from "./targets/target_monitor.ts";
export {
  assumedSnapshot,
  type PoolSnapshot,
  poolSnapshot,
  type TargetAdmin,
  type TargetHealth,
  type TargetSnapshot,
} from "./targets/target_snapshot.ts";
export { targetSpec } from "./targets/target_spec.ts";
export { AppTls } from "./tls/tls.ts";
export {
  firstLine,
  type NextTlsFiles,
  readTlsFiles,
  type TlsFile,
  TlsFileError,
  type TlsFiles,
  tlsFilesOf,
} from "./tls/tls_files.ts";
export type { PoolRef, TargetRef, WorkerAppContext } from "./worker_app_context.ts";
