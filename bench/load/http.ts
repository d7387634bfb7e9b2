/** One request on a kept connection, which the bench's nginx answers with a reply of constant length. */

/** The bytes of the request. */
export const REQUEST: Uint8Array<ArrayBuffer> = new TextEncoder().encode(
  "GET / HTTP/1.1\r\nHost: bench\r\n\r\n",
);

const MAX_REPLY_BYTES = 4096;

/**
 * Sends one request and reads its reply; gives the number of bytes that the reply has.
 *
 * @throws {Error} when the connection ends first, or the reply is no `200 OK` with a length.
 */
export async function exchange(conn: Deno.Conn): Promise<number> {
  await conn.write(REQUEST);
  const buffer = new Uint8Array(MAX_REPLY_BYTES);
  let filled = 0;
  for (;;) {
    const count = await conn.read(buffer.subarray(filled));
    if (count === null || count === 0) {
      throw new Error(`cannot read the reply: the connection ended after ${filled} bytes`);
    }
    filled += count;
    const wanted = replyLength(new TextDecoder().decode(buffer.subarray(0, filled)));
    if (wanted !== undefined && filled >= wanted) return wanted;
  }
}

/**
 * How long the reply that begins so will be, head and body; `undefined` while the head is not complete.
 *
 * @throws {SyntaxError} when it is no `200 OK` with a `Content-Length`.
 */
export function replyLength(text: string): number | undefined {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, head + 2));
  if (!text.startsWith("HTTP/1.1 200 ") || length === null) {
    throw new SyntaxError(
      `cannot use the reply: it begins "${text.slice(0, 40)}"; expected "HTTP/1.1 200"`,
    );
  }
  return head + 4 + Number(length[1]);
}
