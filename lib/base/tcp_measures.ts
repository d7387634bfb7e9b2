/** What the kernel has measured of one TCP connection (`tcp(7)`, TCP_INFO). */
export interface TcpMeasures {
  /** The smoothed round-trip time (RFC 6298). */
  readonly rttMs: number;
  /** Segments sent again, over the whole life of the connection. */
  readonly retransmits: number;
}

/** Those of both connections of a session; `undefined` for a unix socket, and where there is no target. */
export interface SessionMeasures {
  readonly client: TcpMeasures | undefined;
  readonly target: TcpMeasures | undefined;
}
