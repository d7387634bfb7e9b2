import { joinBytes } from "../base/mod.ts";
import type { PendingRead } from "./flow.ts";

/** What has been received from a sender before its direction starts. */
export interface First {
  readonly bytes: Uint8Array | undefined;
  /** Its FIN, or that receiving has failed. */
  readonly end?: { readonly error: unknown } | "fin";
}

/** For a sender that nothing has been received from. */
export const NOTHING: First = { bytes: undefined };

/** Waits for a read that has ended already. @param before what was received before it. */
export async function settled(
  { buffer, result }: PendingRead,
  before: Uint8Array | undefined,
): Promise<First> {
  try {
    const count = await result;
    return count === null
      ? { bytes: before, end: "fin" }
      : { bytes: joinBytes(before, buffer.subarray(0, count)) };
  } catch (error) {
    return { bytes: before, end: { error } };
  }
}
