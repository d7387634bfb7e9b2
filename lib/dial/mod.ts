/** Connecting to targets. */
export {
  Dialer,
  type DialerOptions,
  type DialFailure,
  type DialObserver,
  DialPause,
  type DialResult,
  type DialTarget,
  type Next,
  type NextTarget,
  type Preamble,
} from "./dialer.ts";
export type { DialAttempt, DialHolder } from "./holder.ts";
export { connectForCheck, LOOP, type LoopClient, LoopError, Loops, type LoopsOptions } from "./loops.ts";
export { Crossings } from "./crossings.ts";
export { isUnspecified, nameOf, type OwnListener, OwnListeners } from "./own_listeners.ts";
export {
  lookUpName,
  RESOLVE_TIMEOUT_MS,
  resolveAddresses,
  ResolveError,
  type ResolveOptions,
  resolveServices,
  type ServiceRecord,
  systemLookup,
} from "./resolve.ts";
export { FdPressure, type FdPressureOptions, type SharedFdPressure } from "./fd_pressure.ts";
