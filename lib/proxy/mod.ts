/** The proxy as a whole: started from a config all or nothing, drained, stopped. */
export type { ListenerInfo, ProxyControl } from "./control.ts";
export type { ProxyObserver, TargetChange } from "./observer.ts";
export { Proxy, type ProxyOptions, StartError } from "./proxy.ts";
