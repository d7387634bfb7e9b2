import { errorCode, errorMessage } from "../base/mod.ts";

/** What a token has at least: 16 of these characters, drawn at random, are 96 bits. */
const MIN_CHARACTERS = 16;

/** More than any header of a request may have. */
const MAX_CHARACTERS = 1024;

/** The limit of reading the file: one on a dead network mount is never read. */
const READ_LIMIT_MS = 10_000;

/** A token that cannot be used; the message says what is and what was wanted. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

/**
 * Reads the token that callers of the admin API must show: the one word in a file.
 *
 * @param limitMs how long reading may take; default 10 s.
 * @throws {TokenError} when the file is a pipe, cannot be read in time or at all, or what is in it is no token (RFC 6750 section 2.1) of at least 16
 * characters. No message has a part of it.
 */
export async function readToken(file: string, { limitMs = READ_LIMIT_MS } = {}): Promise<string> {
  let text: string;
  try {
    text = await within(limitMs, readStart(file));
  } catch (error) {
    throw new TokenError(`the file "${file}" ${unreadable(error)}`, { cause: error });
  }
  const token = text.trim();
  const fault = faultOf(token);
  if (fault !== undefined) throw new TokenError(`the file "${file}" ${fault}`);
  return token;
}

function faultOf(token: string): string | undefined {
  if (token === "") return `is empty, a token of at least ${MIN_CHARACTERS} characters was wanted`;
  if (/\s/.test(token)) return "has white space within its text, a token in one word was wanted";
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
    return `has other characters than a token may have, letters, digits and "-._~+/", then any "=", were wanted`;
  }
  if (token.length < MIN_CHARACTERS) {
    return `has a token of ${token.length} characters, at least ${MIN_CHARACTERS} were wanted`;
  }
  return token.length > MAX_CHARACTERS
    ? `has more than ${MAX_CHARACTERS} characters, fewer were wanted`
    : undefined;
}

/** As much of a file as shows whether it is longer than a token may be. */
async function readStart(path: string): Promise<string> {
  // To open a pipe without a writer would wait for ever, in a thread that the runtime cannot free.
  if ((await Deno.stat(path)).isFifo) throw new Error("it is a pipe");
  using file = await Deno.open(path);
  const bytes = new Uint8Array(2 * MAX_CHARACTERS);
  let length = 0;
  while (length < bytes.length) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** What `read` gives, unless it takes longer; then it is left to itself. */
async function within<T>(limitMs: number, read: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not read within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([read, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function unreadable(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "does not exist, a file with a token was wanted";
    case "EISDIR":
      return "is a directory, a file with a token was wanted";
    case "EACCES":
      return "is not readable for this user, read permission was wanted";
    case "NOT_CAPABLE":
      return "may not be read, the flag --allow-read was wanted";
    default:
      return `cannot be read: ${errorMessage(error)}; use a regular file that holds a token`;
  }
}
