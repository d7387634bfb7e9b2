/**
 * What the texts of the schema look like, as regular expressions (ECMA-262) for the JSON Schema. Each matches all that the
 * loader reads; of what the loader refuses, it matches only what no form tells: a duration above 720h, a range that runs
 * backwards.
 *
 * @module
 */

const DECIMAL = String.raw`\d+(?:\.\d+)?`;
const UNITS = String.raw`(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?`;
const BYTES = `${DECIMAL}(?:B|[KMG]iB|[kKMG]B)`;
const MORE_THAN_NOTHING = "(?=.*[1-9])";

/** 1 to 65535, in at most five digits. */
const PORT = String.raw`(?!0+(?!\d))(?:[0-5]?\d{1,4}|6(?:[0-4]\d{3}|5(?:[0-4]\d{2}|5(?:[0-2]\d|3[0-5]))))`;
const PORTS = String.raw`\s*${PORT}(?:\s*-\s*${PORT})?\s*`;

const OCTET = String.raw`(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const IPV4 = String.raw`(?:${OCTET}\.){3}${OCTET}`;
/** Its grammar is more than one would read here. */
const IPV6 = String.raw`(?=[^\]/]{0,4}:[^\]/]*:)[0-9A-Fa-f:.]{2,45}`;
const LABEL = String.raw`[A-Za-z0-9_](?:[A-Za-z0-9_\-]{0,61}[A-Za-z0-9_])?`;
/** Digits and dots alone are meant as an IPv4 address. */
const NAME = String.raw`(?![\d.]+(?::|$))${LABEL}(?:\.${LABEL})*\.?`;
const HOST = String.raw`(?:\[${IPV6}\]|${IPV4}|${NAME})`;
const UNIX = String.raw`unix:[^\u0000]{1,103}`;

const ROUTE_LABEL = String.raw`[A-Za-z0-9_\-]{1,63}`;
const ESCAPED = String.raw`(?:[^\\]|\\(?:[rnt0\\]|x[0-9A-Fa-f]{2}))+`;

function whole(pattern: string): string {
  return `^(?:${pattern})$`;
}

/** The word in whatever case. */
function anyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** By what they are of; of `off`, only where it can be one of them. */
export const PATTERNS = {
  duration: `^${MORE_THAN_NOTHING}(?:${DECIMAL}(?:d|h|ms|m|s)|${UNITS})$`,
  durationOrZero: String.raw`^(?=\d)(?:${DECIMAL}(?:d|h|ms|m|s)|${UNITS})$`,
  durationOrOff: `^(?:off|${MORE_THAN_NOTHING}(?:${DECIMAL}(?:d|h|ms|m|s)|${UNITS}))$`,
  size: String.raw`^${MORE_THAN_NOTHING}(?:\d+|${BYTES})$`,
  byteRate: `^${MORE_THAN_NOTHING}${BYTES}/s$`,
  byteRateOrOff: `^(?:off|${MORE_THAN_NOTHING}${BYTES}/s)$`,
  eventRateOrOff: String.raw`^(?:off|${MORE_THAN_NOTHING}\d{1,9}/[smh])$`,
  percentage: String.raw`^${MORE_THAN_NOTHING}(?:0?\d{1,2}|100)%$`,
  name: "^[A-Za-z0-9._\\-]{1,63}$",
  host: whole(`${IPV4}|${IPV6}|${NAME}`),
  ports: whole(PORTS),
  listen: whole(String.raw`${UNIX}|systemd:[!-9;-~]{1,255}|${HOST}:${PORTS}`),
  hostAndPort: whole(String.raw`${HOST}:\s*${PORT}\s*`),
  target: whole(String.raw`${UNIX}|${HOST}:(?:\*|\s*${PORT}\s*)`),
  discoverable: whole(String.raw`${UNIX}|${HOST}:(?:\*|\s*${PORT}\s*)|[^:]+|(?!unix:)[^\u0000]*/[^\u0000]*`),
  nameserver: whole(String.raw`system|(?:\[${IPV6}\]|${IPV4}):\s*${PORT}\s*`),
  syslog: whole(String.raw`local|${UNIX}|(?:udp|tcp)://${HOST}:\s*${PORT}\s*`),
  tag: String.raw`^[A-Za-z0-9._/\-]{1,48}$`,
  block: whole(String.raw`${IPV4}(?:/(?:3[0-2]|[12]?\d))?|${IPV6}(?:/(?:12[0-8]|1[01]\d|[1-9]?\d))?`),
  addressRange: whole(
    String
      .raw`${IPV4}(?:/(?:3[0-2]|[12]?\d)|\s*-\s*${IPV4})?|${IPV6}(?:/(?:12[0-8]|1[01]\d|[1-9]?\d)|\s*-\s*${IPV6})?`,
  ),
  interfaceName: String.raw`^(?!\.{1,2}$)[^\s/:\u0000]{1,15}$`,
  path: String.raw`^[^\u0000]+$`,
  serverName: whole(String.raw`\*|(?:\*\.)?(?!${IPV4}\.?$)${ROUTE_LABEL}(?:\.${ROUTE_LABEL})*\.?`),
  protocol: String.raw`^[\u0021-\u007e]{1,255}$`,
  escaped: whole(ESCAPED),
  expectation: whole(String.raw`/[\s\S]+/[ims]{0,3}|(?!/)${ESCAPED}`),
  loginName: String.raw`^[^\u0000-\u001f\u007f]{1,63}$`,
  httpPath: String.raw`^/[\u0021-\u007e]*$`,
  httpStatus: String.raw`^[1-5](?:xx|\d\d(?:-[1-5]\d\d)?)$`,
  hostHeader: String.raw`^[A-Za-z0-9._:\[\]\-]{1,255}$`,
  logFormat: String.raw`^(?:text|json|[\s\S]*\{[\s\S]+\}[\s\S]*)$`,
} as const;

/** The path of a file that is none of these words. */
export function pathExcept(words: readonly string[]): string {
  return String.raw`^(?:off|(?!(?:${words.map(anyCase).join("|")})$)[^\u0000]+)$`;
}

/** A field of a PROXY header by one of these names, or by its type. */
export function fieldPattern(names: readonly string[]): string {
  return String.raw`^(?:${[...names, "0[xX][0-9A-Fa-f]{1,2}", String.raw`\d{1,3}`].join("|")})$`;
}
