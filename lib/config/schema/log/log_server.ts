import * as z from "zod";
import { checkHost, formatIp, parseAddress, parseIp } from "../../../base/mod.ts";
import { SYSLOG_FACILITIES, type SyslogAddress } from "../../model/log_config.ts";
import { type Leaf, leaf, read } from "../values/leaf.ts";
import { PATTERNS } from "../values/patterns.ts";
import { readPath } from "../values/texts.ts";
import { choice } from "../values/units.ts";

const EXPECTED = `an address like "udp://10.0.0.1:514", "tcp://logs:601" or "unix:/dev/log", or local`;

/** Where systemd's journal takes entries. */
export const JOURNAL_SOCKET = "/run/systemd/journal/socket";

/** Where a syslog server takes messages. */
export function syslogAddress(): Leaf<SyslogAddress> {
  return leaf("address or `local`", EXPECTED, (text): SyslogAddress => {
    if (text === "local") return { kind: "local" };
    const { scheme, rest = "" } = /^(?<scheme>udp|tcp):\/\/(?<rest>.*)$/s.exec(text)?.groups ?? {};
    if (scheme === "udp" || scheme === "tcp") {
      const address = parseAddress(rest);
      if (address.kind === "unix") throw new Error(`the address is "${text}"; expected ${EXPECTED}`);
      const bytes = parseIp(address.host);
      const host = bytes === undefined ? checkHost(address.host).toLowerCase() : formatIp(bytes);
      return { kind: scheme, host, port: address.port };
    }
    if (!text.startsWith("unix:")) throw new Error(`the address is "${text}"; expected ${EXPECTED}`);
    const address = parseAddress(text);
    if (address.kind !== "unix") throw new Error(`the address is "${text}"; expected ${EXPECTED}`);
    return { kind: "unix", path: address.path };
  }, PATTERNS.syslog);
}

/** The journal's socket: `true` for the usual one. */
function journalSocket(): Leaf<string, true | string> {
  const wanted = "true or the path of the journal's socket";
  return z.union([z.literal(true), z.string()], { error: wanted }).transform((value, context) =>
    value === true ? JOURNAL_SOCKET : read(value, context, readPath)
  ).meta({ title: "`true` or path", pattern: PATTERNS.path });
}

/** The program's name in a log. */
function tag(): Leaf<string> {
  return leaf("name", "a name", (text) => {
    if (/^[A-Za-z0-9._/-]{1,48}$/.test(text)) return text;
    throw new Error(`the name is "${text}"; expected 1 to 48 of letters, digits, "-", "_", "." and "/"`);
  }, PATTERNS.tag);
}

/** A syslog server or the journal. */
export const LogServer = z.strictObject({
  syslog: syslogAddress().optional().meta({
    description:
      "A syslog server. `udp://HOST:PORT` and `tcp://HOST:PORT` send RFC 5424, over TCP with octet counting " +
      "(RFC 6587); `unix:/PATH` is a datagram socket that takes what syslog(3) sends; `local` is this system's own: " +
      "`/dev/log`, or where systemd has it.",
    examples: ["udp://10.0.0.1:514", "tcp://logs.internal:601", "local"],
  }),
  journal: journalSocket().optional().meta({
    description:
      `The systemd journal, with fields of its own (\`TCPPROXY_APP\`, \`TCPPROXY_REASON\`, …): \`true\`, or ` +
      `the path of its socket where that is not \`${JOURNAL_SOCKET}\`.`,
    examples: [true],
  }),
  facility: choice(SYSLOG_FACILITIES).prefault("daemon").meta({
    description: "The facility, by which servers sort messages.",
    examples: ["local0"],
  }),
  tag: tag().prefault("tcpproxy").meta({
    description: "The program's name in the log.",
    examples: ["tcpproxy-edge"],
  }),
}, { error: "a mapping" }).refine(
  ({ syslog, journal }) => (syslog === undefined) !== (journal === undefined),
  { error: `expected either "syslog" or "journal"` },
);

/** A log server as zod gives it. */
export type ParsedLogServer = z.output<typeof LogServer>;
