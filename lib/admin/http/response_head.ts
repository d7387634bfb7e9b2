const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

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
  const lines = [`HTTP/1.1 ${status} ${REASONS[status] ?? ""}`, `date: ${date.toUTCString()}`];
  for (const [name, value] of headers) if (!OWN.has(name)) lines.push(`${name}: ${value}`);
  if (framing === "chunked") lines.push("transfer-encoding: chunked");
  if (framing === "length" && body === null && !headers.has("content-length")) {
    lines.push("content-length: 0");
  }
  lines.push(`connection: ${keepAlive ? "keep-alive" : "close"}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
