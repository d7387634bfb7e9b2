/** One app: its targets, limits, TLS, and the settings of its sessions. */
export { App, type AppOptions, type AppWorker } from "./app.ts";
export { type AppPool, AppTargets, type AppTargetsOptions } from "./app_targets.ts";
export { dialedAt, targetsOf } from "./dial_addresses.ts";
export { type FileText, FileTexts } from "./file_texts.ts";
export type { AppObserver, TargetChange } from "./app_observer.ts";
export type { Prepared } from "./prepared.ts";
export { accessOf, routeName, routesOf } from "./routes.ts";
export type { MonitorObserver } from "./target_monitor.ts";
export {
  assumedSnapshot,
  type PoolSnapshot,
  poolSnapshot,
  type TargetHealth,
  type TargetSnapshot,
} from "./target_snapshot.ts";
export { targetSpec } from "./target_spec.ts";
export { AppTls } from "./tls.ts";
export {
  firstLine,
  type NextTlsFiles,
  readTlsFiles,
  type TlsFile,
  TlsFileError,
  type TlsFiles,
  tlsFilesOf,
} from "./tls_files.ts";
export type { PoolRef, TargetRef, WorkerAppContext } from "./worker_app_context.ts";
