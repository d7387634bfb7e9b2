import type { TcpMeasures } from "../../base/mod.ts";
import { IPPROTO_TCP, TCP_INFO } from "./calls/constants.ts";
import type { Libc } from "./calls/libc.ts";

/** Offsets in `struct tcp_info` (`linux/tcp.h`), the same on x86-64 and arm64; later kernels only append to it. */
const RTT_AT = 68;
const TOTAL_RETRANS_AT = 100;
const INFO_BYTES = 104;

/** Reads a connection's measures (`tcp(7)` TCP_INFO); `undefined` for a socket without them. */
export function readTcpInfo(libc: Libc, fd: number): TcpMeasures | undefined {
  LENGTH[0] = INFO_BYTES;
  if (libc.calls.getsockopt(fd, IPPROTO_TCP, TCP_INFO, INFO, LENGTH_BYTES) < 0) return undefined;
  const rtt = WORDS.getUint32(RTT_AT, true);
  // MPTCP whose only path has ended has a structure of zeros.
  if ((LENGTH[0] ?? 0) < INFO_BYTES || rtt === 0) return undefined;
  return {
    rttMs: rtt / 1000,
    retransmits: WORDS.getUint32(TOTAL_RETRANS_AT, true),
  };
}

const INFO = new Uint8Array(INFO_BYTES);
const WORDS = new DataView(INFO.buffer);
const LENGTH = new Uint32Array(1);
const LENGTH_BYTES = new Uint8Array(LENGTH.buffer);
