import { STATUS_TEXTS } from "./status_texts.ts";

/** A problem (RFC 9457), sent as `application/problem+json`; the status gives its title. */
export interface Problem {
  /** The fault, and what to do about it. */
  readonly detail: string;
  /** Extension members. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The media type of every error response. */
export const PROBLEM_TYPE = "application/problem+json";

/** The statuses of error responses. */
export type ProblemStatus = Exclude<keyof typeof STATUS_TEXTS, 200 | 201 | 202 | 204 | 304>;

/** Returns an error response. */
export function problem(status: ProblemStatus, { detail, more, headers }: Problem): Response {
  const body = { type: "about:blank", title: STATUS_TEXTS[status], status, detail, ...more };
  return answer(body, { status, headers: { "content-type": PROBLEM_TYPE, ...headers } });
}

/** Returns a response with status 200. */
export function json(value: unknown): Response {
  return answer(value, { status: 200, headers: { "content-type": "application/json" } });
}

/** Returns a response with status 202: it has begun. */
export function accepted(value: unknown): Response {
  return answer(value, { status: 202, headers: { "content-type": "application/json" } });
}

/** Returns a response with status 200 and this text. */
export function text(body: string, mediaType: string): Response {
  return answerText(body, { status: 200, headers: { "content-type": mediaType } });
}

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Ends the body with a line feed, for terminals. */
function answer(value: unknown, head: Head): Response {
  return answerText(`${JSON.stringify(value)}\n`, head);
}

/** Sets the body's length, which responses to HEAD have too. */
function answerText(text: string, { status, headers }: Head): Response {
  const bytes = new TextEncoder().encode(text);
  const body = bytes.length <= PIECE_BYTES ? bytes : inPieces(bytes);
  return new Response(body, { status, headers: { ...headers, "content-length": String(bytes.length) } });
}

const PIECE_BYTES = 64 * 1024;

/**
 * The runtime reports a body given as one buffer as sent at once, whether the client reads it or not; memory held for
 * slow clients would go uncounted.
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
