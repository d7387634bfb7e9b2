/** Listeners: bound addresses and their accept loops. */
export {
  isTemporaryName,
  putInPlace,
  replaceAt,
  type SocketFile,
  type SocketFileState,
  temporaryName,
} from "./_socket_file.ts";
export { describeTaken, isMissingHere, ListenError } from "./listen_error.ts";
export { Listener } from "./listener.ts";
export type { AcceptGate, AcceptPlace, ListenerObserver, ListenerOptions } from "./options.ts";
