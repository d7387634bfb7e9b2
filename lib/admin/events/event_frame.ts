const ENCODER = new TextEncoder();

/** An event as server-sent events have it on the wire (HTML section 9.2.5). `data` must be one line, as JSON is. */
export function eventFrame(event: string, data: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(`event: ${event}\ndata: ${data}\n\n`);
}

/** A comment, which readers skip. It shows each side that the other is still there. */
export const HEARTBEAT: Uint8Array<ArrayBuffer> = ENCODER.encode(":\n\n");

/** The start of a stream: how long a browser waits before it connects again. */
export const PREAMBLE: Uint8Array<ArrayBuffer> = ENCODER.encode("retry: 2000\n\n");
