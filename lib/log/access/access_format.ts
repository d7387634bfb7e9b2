import type { TcpMeasures } from "../../base/mod.ts";
import type { AccessFormatter, AccessRecord } from "./access_record.ts";
import { compileAccessTemplate } from "./_access_template.ts";
import { rtt, shortenedDetail, tenths, timestamp } from "../_access_values.ts";
import { dim, green, yellow } from "../color.ts";
import type { LogEnvelope } from "../envelope.ts";
import { jsonString, textToken } from "../_escape.ts";

/** The formats of lines: `text` for people and grep, `json` for programs. */
export const LOG_FORMATS = ["text", "json"] as const;

/** One of {@link LOG_FORMATS}. */
export type LogFormat = typeof LOG_FORMATS[number];

// The longest reason, so that the next column is aligned.
const REASON_WIDTH = "half_close_timeout".length;

/** How an access line looks beside its format. */
export interface AccessFormatOptions {
  /** In place of the format. */
  readonly template?: string | undefined;
  /** Whether lines of the text format are coloured; default no. */
  readonly color?: boolean;
  /** The envelope for a log server, which then has the time in place of the text format. Default: none. */
  readonly envelope?: LogEnvelope | undefined;
}

/**
 * Returns the formatter of a format, or of the template if there is one.
 *
 * @throws {TemplateError} if the template is invalid.
 */
export function accessFormatter(format: LogFormat, options: AccessFormatOptions = {}): AccessFormatter {
  const { template, color = false, envelope } = options;
  if (envelope !== undefined) {
    const inner = template === undefined && format === "text"
      ? (record: AccessRecord): string => formatAccessText(record).slice(TIME_WIDTH + 1)
      : accessFormatter(format, { template });
    return (record) => envelope.access(record, inner(record));
  }
  if (template !== undefined) return compileAccessTemplate(template);
  if (format === "json") return formatAccessJson;
  return color ? formatColored : formatAccessText;
}

/**
 * Formats a record as one JSON object and a line feed. The fields and their order are a contract: `time` (RFC 3339, UTC,
 * milliseconds), `id`, `app`, `listener`, `client`, `target`, `reason`, `bytes_up`, `bytes_down`, `duration_ms`,
 * `connect_ms`, `tries`, `sni`; `null` if absent. Then, only if asked for: `client_rtt_ms`, `client_retransmits`,
 * `target_rtt_ms`, `target_retransmits`, `null` if absent. Then, only if present: the fields that the app's config asks
 * for, and `detail`.
 */
export function formatAccessJson(record: AccessRecord): string {
  // Spelled out, because JSON.stringify of such an object takes three times as long.
  return `{"time":"${timestamp(record.time)}","id":${record.id},"app":${jsonString(record.app)},"listener":${
    jsonString(record.listener)
  },"client":${jsonString(record.client)},"target":${
    nullable(record.target)
  },"reason":"${record.reason}","bytes_up":${record.bytesUp},"bytes_down":${record.bytesDown},"duration_ms":${
    tenths(record.durationMs)
  },"connect_ms":${
    record.connectMs === undefined ? "null" : tenths(record.connectMs)
  },"tries":${record.tries},"sni":${nullable(record.sni)}${measuresJson(record)}${fieldsJson(record)}${
    record.detail === "" ? "" : `,"detail":${jsonString(shortenedDetail(record.detail))}`
  }}\n`;
}

/**
 * Formats a record as one sentence and a line feed, with the reason second, for instance
 *
 * ```
 * 2026-03-01T12:00:00.000Z target_closed      postgres #17 10.0.0.9:51234 -> [::]:5432 -> 10.0.0.5:5432 up 120 B down 4096 B in 1500 ms, connected in 3 ms at try 1, sni db.example.com
 * ```
 *
 * A value that is not one plain word is written as a JSON string.
 */
export function formatAccessText(record: AccessRecord): string {
  const { target, connectMs, tries, sni, detail } = record;
  const connected = connectMs === undefined
    ? `not connected in ${tries} ${tries === 1 ? "try" : "tries"}`
    : `connected in ${tenths(connectMs)} ms at try ${tries}`;
  return `${timestamp(record.time)} ${record.reason.padEnd(REASON_WIDTH)} ${
    textToken(record.app)
  } #${record.id} ${textToken(record.client)} -> ${textToken(record.listener)} -> ${
    target === undefined ? "no target" : textToken(target)
  } up ${record.bytesUp} B down ${record.bytesDown} B in ${tenths(record.durationMs)} ms, ${connected}${
    sni === undefined ? "" : `, sni ${textToken(sni)}`
  }${measuresText(record)}${fieldsText(record)}${
    detail === "" ? "" : `, detail ${textToken(shortenedDetail(detail))}`
  }\n`;
}

/** The text format with coloured time and reason. */
function formatColored(record: AccessRecord): string {
  const line = formatAccessText(record);
  const reason = TIME_WIDTH + 1 + REASON_WIDTH;
  const paint = WELL.has(record.reason) ? green : yellow;
  return dim(line.slice(0, TIME_WIDTH)) + paint(line.slice(TIME_WIDTH, reason)) + line.slice(reason);
}

const TIME_WIDTH = "2026-03-01T12:00:00.000Z".length;
const WELL: ReadonlySet<string> = new Set(["client_closed", "target_closed", "active"]);

function measuresJson({ measures }: AccessRecord): string {
  if (measures === undefined) return "";
  const { client, target } = measures;
  return `,"client_rtt_ms":${rtt(client) ?? null},"client_retransmits":${
    client?.retransmits ?? null
  },"target_rtt_ms":${rtt(target) ?? null},"target_retransmits":${target?.retransmits ?? null}`;
}

function measuresText({ measures }: AccessRecord): string {
  if (measures === undefined) return "";
  return sideText("client", measures.client) + sideText("target", measures.target);
}

function sideText(side: string, measures: TcpMeasures | undefined): string {
  if (measures === undefined) return "";
  const { retransmits } = measures;
  return `, ${side} rtt ${rtt(measures)} ms with ${retransmits} ${
    retransmits === 1 ? "retransmit" : "retransmits"
  }`;
}

function fieldsJson({ fields }: AccessRecord): string {
  if (fields === undefined || fields.length === 0) return "";
  return fields.map(([name, value]) => `,"${name}":${jsonString(shortenedDetail(value))}`).join("");
}

function fieldsText({ fields }: AccessRecord): string {
  if (fields === undefined || fields.length === 0) return "";
  return fields.map(([name, value]) => `, ${name} ${textToken(shortenedDetail(value))}`).join("");
}

function nullable(text: string | undefined): string {
  return text === undefined ? "null" : jsonString(text);
}
