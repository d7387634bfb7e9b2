/** The proxy in several threads: a control plane, and workers that the runtime confines to their config. */
export type { WorkersObserver } from "./observer.ts";
export type { SessionsTold } from "./messages.ts";
export { type Sandbox, sandboxOf } from "./sandbox.ts";
export { WorkerProxy, type WorkerProxyOptions } from "./worker_proxy.ts";
