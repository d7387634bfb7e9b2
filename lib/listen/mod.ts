/** Listeners: bound addresses and their accept loops. */
export {
  type AcceptGate,
  type AcceptPlace,
  isMissingHere,
  Listener,
  type ListenerObserver,
  type ListenerOptions,
  ListenError,
} from "./listener.ts";
