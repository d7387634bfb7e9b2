/**
 * The metadata of a line for a log server. A record stays one line for the writer, whatever becomes of it on the
 * way: {@link FIELD_END} stands between the fields of an entry of the journal.
 *
 * @module
 */
import type { AccessRecord } from "./access/access_record.ts";
import { rtt, tenths, timestamp } from "./_access_values.ts";
import { escapeText } from "./_escape.ts";

/** The severities of RFC 5424 section 6.2.1 that the program's levels stand for. */
export const SEVERITIES = { error: 3, warning: 4, info: 6, debug: 7 } as const;

/** The part of an operational record that a log server receives. */
export interface OperationalFacts {
  readonly timeMs: number;
  readonly level: keyof typeof SEVERITIES;
  /** The room that logs, for instance `proxy`. */
  readonly category: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Wraps formatted lines for a log server. */
export interface LogEnvelope {
  /** `line`: formatted, with its line feed; free of control characters, as all lines are. */
  access(record: AccessRecord, line: string): string;
  operational(facts: OperationalFacts, line: string): string;
}

/** Who logs. */
export interface LogSender {
  /** The program's name in the log. */
  readonly tag: string;
  /** The number of RFC 5424 section 6.2.1. */
  readonly facility: number;
  readonly pid: number;
  /** This machine's name; `-` if unknown. */
  readonly hostname: string;
}

/** Ends a field of an entry of the journal, and is in no line: the unit separator. */
export const FIELD_END = "\x1f";

/** RFC 5424: `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID - MSG`. */
export function rfc5424Envelope({ tag, facility, pid, hostname }: LogSender): LogEnvelope {
  const header = (level: keyof typeof SEVERITIES, timeMs: number, id: string): string =>
    `<${facility * 8 + SEVERITIES[level]}>1 ${timestamp(timeMs)} ${hostname} ${tag} ${pid} ${id} - `;
  return {
    access: (record, line) => header("info", record.time, "access") + line,
    operational: ({ level, timeMs, category }, line) => header(level, timeMs, messageId(category)) + line,
  };
}

/**
 * What syslog(3) writes to the local socket, without the time: `<PRI>TAG[PID]: MSG`. Journald and rsyslog take no RFC 5424
 * there (they would read `1` as the program's name), and put the time of arrival.
 */
export function localEnvelope({ tag, facility, pid }: LogSender): LogEnvelope {
  const header = (level: keyof typeof SEVERITIES): string =>
    `<${facility * 8 + SEVERITIES[level]}>${tag}[${pid}]: `;
  const access = header("info");
  return {
    access: (_record, line) => access + line,
    operational: ({ level }, line) => header(level) + line,
  };
}

/** The journal's fields (systemd.journal-fields(7)); the program's own begin with `TCPPROXY_`. */
export function journalEnvelope({ tag, facility, pid }: LogSender): LogEnvelope {
  const common = field("SYSLOG_IDENTIFIER", tag) + field("SYSLOG_FACILITY", facility) +
    field("SYSLOG_PID", pid);
  return {
    access: (record, line) => {
      let entry = field("MESSAGE", line.slice(0, -1)) + field("PRIORITY", SEVERITIES.info) + common +
        field("TCPPROXY_LOG", "access");
      for (const [name, value] of accessFields(record)) {
        if (value !== undefined && value !== "") entry += field(`TCPPROXY_${name}`, value);
      }
      for (const [name, value] of record.fields ?? []) {
        entry += field(`TCPPROXY_${name.toUpperCase()}`, value);
      }
      return `${entry}\n`;
    },
    operational: ({ level, category, properties }, line) => {
      let entry = field("MESSAGE", line.slice(0, -1)) + field("PRIORITY", SEVERITIES[level]) + common +
        field("TCPPROXY_LOG", "operational") + field("TCPPROXY_CATEGORY", category);
      if (typeof properties.app === "string") entry += field("TCPPROXY_APP", properties.app);
      if (typeof properties.target === "string") entry += field("TCPPROXY_TARGET", properties.target);
      return `${entry}\n`;
    },
  };
}

function accessFields(record: AccessRecord): (readonly [name: string, value: string | number | undefined])[] {
  return [
    ["ID", record.id],
    ["APP", record.app],
    ["LISTENER", record.listener],
    ["CLIENT", record.client],
    ["TARGET", record.target],
    ["REASON", record.reason],
    ["BYTES_UP", record.bytesUp],
    ["BYTES_DOWN", record.bytesDown],
    ["DURATION_MS", tenths(record.durationMs)],
    ["CONNECT_MS", record.connectMs === undefined ? undefined : tenths(record.connectMs)],
    ["TRIES", record.tries],
    ["SNI", record.sni],
    ["DETAIL", record.detail],
    ["CLIENT_RTT_MS", rtt(record.measures?.client)],
    ["CLIENT_RETRANSMITS", record.measures?.client?.retransmits],
    ["TARGET_RTT_MS", rtt(record.measures?.target)],
    ["TARGET_RETRANSMITS", record.measures?.target?.retransmits],
  ];
}

/** The longest value of a field; the journal takes entries of a few hundred kilobytes at most. */
const MAX_FIELD_CHARS = 8192;

/** A field whose value cannot begin another one. */
function field(name: string, value: string | number): string {
  const text = typeof value === "number"
    ? String(value)
    : escapeText(value.length > MAX_FIELD_CHARS ? `${value.slice(0, MAX_FIELD_CHARS)}…` : value);
  return `${name}=${text}${FIELD_END}`;
}

/** A category as MSGID: at most 32 printable characters; `-` for none. */
function messageId(category: string): string {
  const id = category.replace(/[^\x21-\x7e]/g, "").slice(0, 32);
  return id === "" ? "-" : id;
}
