/** Listeners: bound addresses and their accept loops. */
export {
  isTemporaryName,
  putInPlace,
  replaceAt,
  type SocketFile,
  type SocketFileState,
  temporaryName,
} from "./_socket_file.ts";
export {
  type AcceptGate,
  type AcceptPlace,
  isMissingHere,
  Listener,
  type ListenerObserver,
  type ListenerOptions,
  ListenError,
} from "./listener.ts";
