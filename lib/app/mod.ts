/** One app: its targets and what keeps them current, its limits, its TLS, and what its sessions begin with. */
export { admissionGate, type GatePermits, localPermits } from "./admission_gate.ts";
export { type AppParts, assembleApp } from "./assemble.ts";
export { dialedAt, targetsOf } from "./dial_addresses.ts";
export { type FileText, FileTexts } from "./file_texts.ts";
export type { AppObserver, TargetChange } from "./observer.ts";
export { type AppPools, poolsOf } from "./pools.ts";
export { accessOf, routeName, routesOf } from "./routes.ts";
export { type MonitorObserver, monitorsOf, type TargetMonitor } from "./target_monitor.ts";
export {
  assumedSnapshot,
  type PoolSnapshot,
  poolSnapshot,
  type TargetHealth,
  type TargetSnapshot,
} from "./target_snapshot.ts";
export { targetSpec } from "./target_spec.ts";
export { type AppTls, appTls } from "./tls.ts";
export {
  type NextTlsFiles,
  readTlsFiles,
  type TlsFile,
  TlsFileError,
  type TlsFiles,
  tlsFilesOf,
} from "./tls_files.ts";
export type { PoolRef, TargetRef, WorkerAppContext } from "./worker_app_context.ts";
