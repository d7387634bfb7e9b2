/** The proxy in several threads: a control plane, and workers that the runtime restricts to what their config needs. */
export type { WorkersObserver } from "./control/workers_observer.ts";
export type { SessionsReported } from "./channel/messages.ts";
export { NativeControl } from "./control/sockets/native_control.ts";
export { sandboxOf } from "./control/threads/sandbox.ts";
export type { Sandbox } from "./spare_thread.ts";
export { type HandOver, WorkerProxy, type WorkerProxyOptions } from "./control/worker_proxy.ts";
