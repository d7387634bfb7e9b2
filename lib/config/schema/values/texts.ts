/**
 * The texts of the schema that have a form of their own; `error` is as in `_units.ts`.
 *
 * @module
 */

import * as z from "zod";
import { checkHost, type Cidr, parseCidr, parseIp } from "../../../base/mod.ts";
import { type Leaf, leaf } from "./leaf.ts";
import { PATTERNS } from "./patterns.ts";

/** The longest host name in text (RFC 1035 section 2.3.4). */
const MAX_HOST_NAME_LENGTH = 253;

/** A list of addresses and CIDR blocks. */
export function blocks(): z.ZodArray<Leaf<Cidr>> {
  const block = leaf("block", `an address or a block like "10.0.0.0/8"`, parseCidr, PATTERNS.block);
  return z.array(block, { error: "a list of addresses and blocks" });
}

/** The path of a file. */
export function filePath(): Leaf<string> {
  return leaf("path", "the path of a file", readPath, PATTERNS.path);
}

/** A text that can be the path of a file. */
export function readPath(text: string): string {
  if (text === "") throw new Error("the path is empty; expected the path of a file");
  if (text.includes("\0")) throw new Error("the path has a NUL byte; remove it");
  return text;
}

/** A host name or an IP address. */
export function hostName(): Leaf<string> {
  return leaf("host", "a host name", (text) => checkHost(text), PATTERNS.host);
}

/** A route's server name: a name, `*.` and a name, or `*`. Lower case, without a trailing dot. */
export function serverName(): Leaf<string> {
  return leaf("server name", `a server name like "example.com" or "*.example.com"`, (text) => {
    if (text === "*") return text;
    const isBelow = text.startsWith("*.");
    const name = (isBelow ? text.slice("*.".length) : text).toLowerCase().replace(/\.$/, "");
    const fault = name.includes("*")
      ? `has a "*" within; expected it as the first label only`
      : /[^\0-\x7f]/.test(name)
      ? `has letters beyond ASCII; expected its "xn--" form`
      : /^[^:]+:\d+$/.test(name)
      ? "has a port, which clients never send; expected the name only"
      : parseIp(name) !== undefined
      ? "is an IP address, which clients never send; expected a name"
      : name.length > MAX_HOST_NAME_LENGTH || !name.split(".").every(isLabel)
      ? `is no host name; expected letters, digits, "-", "_" and "."`
      : undefined;
    if (fault !== undefined) throw new Error(`the server name "${text}" ${fault}`);
    return isBelow ? `*.${name}` : name;
  }, PATTERNS.serverName);
}

/** A list of ALPN protocols (RFC 7301). All registered names are printable ASCII. */
export function protocols(): z.ZodArray<Leaf<string>> {
  const protocol = leaf("protocol", "a protocol like h2", (text) => {
    if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
    throw new Error(`the protocol is "${text}"; expected 1 to 255 printable ASCII characters`);
  }, PATTERNS.protocol);
  return z.array(protocol, { error: "a list of protocols" });
}

/** Whether a text is the name of a service (RFC 2782): `_service._proto.name`. */
export function isServiceName(text: string): boolean {
  const labels = text.replace(/\.$/, "").split(".");
  const good = text.length <= MAX_HOST_NAME_LENGTH && labels.every(isLabel);
  return good && labels.length >= 3 && labels.slice(0, 2).every((label) => /^_./.test(label));
}

/** The bytes that a health check sends, as text with escapes. */
export function escapedText(): Leaf<string> {
  return leaf("text", "a text", checkEscapes, PATTERNS.escaped);
}

/** The answer that a health check expects: text with escapes, or a regular expression between slashes. */
export function expectation(): Leaf<string> {
  return leaf("text or `/regex/`", "a text or a /regex/", (text) => {
    if (!text.startsWith("/")) return checkEscapes(text);
    const parts = /^\/([^]+)\/([A-Za-z]*)$/.exec(text);
    if (parts === null) {
      throw new Error(
        `the text "${text}" begins with "/" and is no "/regex/flags"; expected one or "\\x2f" for the slash`,
      );
    }
    checkRegex(text, parts[1] ?? "", parts[2] ?? "");
    return text;
  }, PATTERNS.expectation);
}

/** The name of a user or a database. */
export function loginName(): Leaf<string> {
  return leaf("name", "a name", (text) => {
    // deno-lint-ignore no-control-regex -- control characters are what it refuses
    if (/^[^\0-\x1f\x7f]{1,63}$/.test(text)) return text;
    throw new Error(`the name is "${text}"; expected 1 to 63 printable characters`);
  }, PATTERNS.loginName);
}

/** The path of an HTTP request. */
export function httpPath(): Leaf<string> {
  return leaf("path", `a path like "/ready"`, (text) => {
    if (!text.startsWith("/")) throw new Error(`the path is "${text}"; expected one that begins with "/"`);
    if (/^[\x21-\x7e]+$/.test(text)) return text;
    throw new Error(`the path is "${text}"; expected printable ASCII without spaces`);
  }, PATTERNS.httpPath);
}

/** The status that an HTTP check wants: a number, a class or a range. */
export function httpStatus(): Leaf<string, string | number> {
  const status = z.number().meta({ type: "integer", minimum: 100, maximum: 599 });
  return z.union([status, z.string()], { error: "a status like 200, 2xx or 200-399" }).transform(String)
    .refine(isHttpStatus, {
      error: ({ input }) => `the status is "${input}"; expected one like 200, 2xx or 200-399`,
    }).meta({ title: "status", pattern: PATTERNS.httpStatus });
}

function isHttpStatus(text: string): boolean {
  if (/^[1-5]xx$/.test(text)) return true;
  const [first = "", last = first, ...rest] = text.split("-");
  const isStatus = (part: string): boolean => /^[1-5]\d\d$/.test(part);
  return rest.length === 0 && isStatus(first) && isStatus(last) && first <= last;
}

/** The value of a `Host` header. */
export function hostHeader(): Leaf<string> {
  return leaf("text", "a host name", (text) => {
    if (/^[A-Za-z0-9._:[\]-]{1,255}$/.test(text)) return text;
    throw new Error(`the host is "${text}"; expected a host name, with a port or without one`);
  }, PATTERNS.hostHeader);
}

/** The checks run as an automaton, which knows neither look-around nor back-references. */
function checkRegex(text: string, source: string, flags: string): void {
  if (!/^[ims]*$/.test(flags) || new Set(flags).size !== flags.length) {
    throw new Error(`the flags of "${text}" are "${flags}"; expected i, m and s, each at most once`);
  }
  try {
    new RegExp(source, flags);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const reason = error.message.slice(error.message.lastIndexOf(": ") + 2);
    throw new Error(`the expression "${text}" cannot be read (${reason}); expected a regular expression`, {
      cause: error,
    });
  }
  const plain = source.replace(/\\[^1-9k]/g, "");
  if (/\(\?<?[=!]/.test(plain)) {
    throw new Error(
      `the expression "${text}" looks around, which checks cannot; expected one without look-around`,
    );
  }
  if (/\\[1-9k]/.test(plain)) {
    throw new Error(
      `the expression "${text}" refers back to a group, which checks cannot; expected one without back-references`,
    );
  }
}

function checkEscapes(text: string): string {
  if (text === "") throw new Error("the text is empty; expected at least one byte");
  for (const [piece] of text.matchAll(/\\x[0-9A-Fa-f]{2}|\\[^]?/g)) {
    if (/^\\(?:[rnt0\\]|x..)$/.test(piece)) continue;
    throw new Error(`the escape "${piece}" is unknown; expected \\r, \\n, \\t, \\0, \\xNN or \\\\`);
  }
  return text;
}

function isLabel(label: string): boolean {
  return /^[A-Za-z0-9_-]{1,63}$/.test(label);
}
