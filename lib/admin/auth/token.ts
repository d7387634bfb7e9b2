import { errorCode, errorMessage } from "../../base/mod.ts";

/** The shortest token: 16 random characters have 96 bits. */
const MIN_CHARACTERS = 16;

/** Longer than any request header may be. */
const MAX_CHARACTERS = 1024;

/** The time limit for reading the file, as a dead network mount never answers. */
const READ_LIMIT_MS = 10_000;

/** A token that cannot be used; the message says why and what to do. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

/**
 * Reads the token that callers of the admin API must send: the only word in a file.
 *
 * @param limitMs how long reading may take; default 10 s.
 * @throws {TokenError} when the file is a pipe, cannot be read in time or at all, or does not hold a token (RFC 6750
 * section 2.1) of at least 16 characters. No message reveals any part of it.
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
  if (token === "") return `is empty; expected a token of at least ${MIN_CHARACTERS} characters`;
  if (/\s/.test(token)) return "has white space within the token; expected one word";
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
    return `has characters that a token may not have; expected letters, digits and "-._~+/", then any "="`;
  }
  if (token.length < MIN_CHARACTERS) {
    return `has a token of ${token.length} characters; expected at least ${MIN_CHARACTERS}`;
  }
  return token.length > MAX_CHARACTERS
    ? `has a token of more than ${MAX_CHARACTERS} characters; use a shorter one`
    : undefined;
}

/** Reads enough of a file to tell whether it is too long for a token. */
async function readStart(path: string): Promise<string> {
  // Opening a pipe without a writer never returns, and blocks a thread that the runtime cannot free.
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

/** Returns what `read` resolves with; past the limit, abandons it and throws. */
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
      return "does not exist; expected a file with a token";
    case "EISDIR":
      return "is a directory; expected a file with a token";
    case "EACCES":
      return "is not readable by this user; grant read permission";
    case "NOT_CAPABLE":
      return "cannot be read without the flag --allow-read";
    default:
      return `cannot be read: ${errorMessage(error)}; use a regular file that holds a token`;
  }
}
