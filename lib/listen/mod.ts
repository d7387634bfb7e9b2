/** Bound addresses and their accept loops. */
export {
  type Accepted,
  type AcceptGate,
  type AcceptPlace,
  isMissingHere,
  Listener,
  type ListenerObserver,
  type ListenerOptions,
  ListenError,
} from "./listener.ts";
