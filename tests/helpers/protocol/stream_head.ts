import { utf8 } from "../bytes.ts";
import { writeAll } from "../clients.ts";

/** Requests a stream, and leaves when the head of the answer is there. A canceled body of `fetch` may outlast a test. */
export async function streamHead(
  url: string | URL,
  path: string,
): Promise<{ status: number; headers: Headers }> {
  const { hostname, port, host } = new URL(url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await writeAll(conn, utf8(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
  let text = "";
  const buffer = new Uint8Array(4096);
  while (!text.includes("\r\n\r\n")) {
    text += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  }
  const [first = "", ...fields] = text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n");
  const pairs = fields.map((field): [string, string] => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return { status: Number(first.split(" ")[1]), headers: new Headers(pairs) };
}
