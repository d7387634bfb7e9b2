import type { Duplex } from "../base/mod.ts";

/** Has small writes sent at once. */
export function sendAtOnce(conn: Duplex): void {
  try {
    conn.setNoDelay?.(true);
  } catch {
    // A connection that the peer has reset may take no option (macOS: EINVAL). The write that follows tells what is so.
  }
}
