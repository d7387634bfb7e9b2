/** A body of `application/problem+json` (RFC 9457); what the problem is, its status says. */
export interface Problem {
  /** What is, and what was wanted. */
  readonly detail: string;
  /** Members beyond those of the RFC. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The media type of every answer that is no success. */
export const PROBLEM_TYPE = "application/problem+json";

const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

/** The statuses that answers have which are no success. */
export type ProblemStatus = keyof typeof TITLES;

/** An answer that is no success. */
export function problem(status: ProblemStatus, { detail, more, headers }: Problem): Response {
  const body = { type: "about:blank", title: TITLES[status], status, detail, ...more };
  return answer(body, { status, headers: { "content-type": PROBLEM_TYPE, ...headers } });
}

/** An answer that is a success. */
export function json(value: unknown): Response {
  return answer(value, { status: 200, headers: { "content-type": "application/json" } });
}

/** With a line feed, for terminals, and its length, which an answer to HEAD has too. */
function answer(
  value: unknown,
  { status, headers }: { status: number; headers: Record<string, string> },
): Response {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  const body = bytes.length <= PIECE_BYTES ? bytes : inPieces(bytes);
  return new Response(body, { status, headers: { ...headers, "content-length": String(bytes.length) } });
}

const PIECE_BYTES = 64 * 1024;

/**
 * Of a body that is given whole, the runtime says that it is sent as soon as it has it, whoever reads it or not; then
 * nobody would count what is held in memory for clients that do not.
 */
function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = 0;
  return new ReadableStream({
    pull: (controller) => {
      controller.enqueue(bytes.subarray(sent, sent += PIECE_BYTES));
      if (sent >= bytes.length) controller.close();
    },
  });
}
