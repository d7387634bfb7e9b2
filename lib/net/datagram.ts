/** A socket that sends datagrams to one address. Its holder owns it and closes it once. */
export interface DatagramSocket {
  /**
   * Sends one datagram. Never blocks the thread; while the receiver's queue is full, the promise waits. At most one send
   * may be pending.
   *
   * @throws the system's error; EMSGSIZE if the datagram is too long.
   */
  send(datagram: Uint8Array): Promise<void>;
  close(): void;
}
