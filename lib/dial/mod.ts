/** Connecting to targets. */
export { connect, type Dialed } from "./connect.ts";
export {
  type DialAttempt,
  Dialer,
  type DialerOptions,
  type DialFailure,
  type DialHolder,
  type DialObserver,
  DialPause,
  type DialResult,
  type DialTarget,
  type Next,
  type NextTarget,
  type Opening,
} from "./dialer.ts";
export { connectForCheck, LOOP, type LoopClient, LoopError, Loops, type LoopsOptions } from "./loops.ts";
export { Crossings } from "./crossings.ts";
export { isUnspecified, nameOf, type OwnListener, OwnListeners } from "./own_listeners.ts";
export {
  RESOLVE_TIMEOUT_MS,
  resolveAddresses,
  ResolveError,
  type ResolveOptions,
  resolveServices,
  type ServiceRecord,
} from "./resolve.ts";
export { Starvation, type StarvationOptions, type StarvedEverywhere } from "./starvation.ts";
