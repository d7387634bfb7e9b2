import { STATUS_TEXTS } from "../status_texts.ts";

/** How a response's end is marked: by its length, by chunks, by the connection's end, or it has no body. */
export type Framing = "length" | "chunked" | "close" | "none";

/** Fields that are the connection's, not the handler's. */
const OWN: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "date",
]);

/** Returns how a response is framed for a client (RFC 9112 section 6.3). */
export function framingOf(
  response: Response,
  { method, isOld }: { method: string; isOld: boolean },
): Framing {
  if (method === "HEAD" || response.status === 204 || response.status === 304) return "none";
  if (response.body === null || response.headers.has("content-length")) return "length";
  return isOld ? "close" : "chunked";
}

/** Returns a response's status line and fields, with the empty line that ends them. */
export function responseHead(
  { status, headers, body }: Response,
  { framing, keepAlive, date }: { framing: Framing; keepAlive: boolean; date: Date },
): string {
  const lines = [`HTTP/1.1 ${status} ${textOf(status)}`, `date: ${date.toUTCString()}`];
  for (const [name, value] of headers) if (!OWN.has(name)) lines.push(`${name}: ${value}`);
  if (framing === "chunked") lines.push("transfer-encoding: chunked");
  if (framing === "length" && body === null && !headers.has("content-length")) {
    lines.push("content-length: 0");
  }
  lines.push(`connection: ${keepAlive ? "keep-alive" : "close"}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function textOf(status: number): string {
  return (STATUS_TEXTS as Readonly<Record<number, string>>)[status] ?? "";
}
