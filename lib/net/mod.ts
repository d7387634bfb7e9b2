/** Sockets: one interface for what the program needs of them, and what implements it. */
export { abortSignalOf, type CancelSignal } from "./cancel.ts";
export { nativeProblem, openNativeProcess, openNativeTransport, prepareNativeTransport } from "./native.ts";
export {
  type NativeProcess,
  type PassedSocket,
  PassedSocketError,
  type ProgramEnd,
  type SpawnOptions,
} from "./process.ts";
export { hasSpareDescriptors } from "./runtime/spare.ts";
export { runtimeTransport } from "./runtime/transport.ts";
export type { DatagramSocket } from "./datagram.ts";
export { DatagramError, openUdp, openUnixDatagram, OWN_SOCKET_FILE, UDP_ANY } from "./runtime/datagram.ts";
export { MAX_HEAD_BYTES } from "./transport.ts";
export type {
  Confinement,
  ConfinementOptions,
  Connection,
  DialFor,
  ListeningSocket,
  Lookup,
  NativeOptions,
  NativeTransport,
  SocketHandle,
  Transport,
} from "./transport.ts";
