import type { LogRecord } from "@logtape/logtape";
import { errorCode, errorMessage } from "../../base/mod.ts";
import type { LogFormat } from "../access/access_format.ts";
import { timestamp } from "../_access_values.ts";
import { dim, green, type Paint, red, yellow } from "../color.ts";
import type { LogEnvelope, OperationalFacts } from "../envelope.ts";
import { escapeText, escapeUnsafe, jsonString, textToken } from "../_escape.ts";

const LEVEL_WIDTH = "warning".length;

/** How a line looks beside its format. */
export interface OperationalFormatOptions {
  /** Whether lines of the text format are coloured; default no. */
  readonly color?: boolean;
  /** The envelope for a log server, which then has time and level in place of the text format. Default: none. */
  readonly envelope?: LogEnvelope | undefined;
}

/** Returns the function that formats records of the operational log, each as a line with its line feed. */
export function operationalFormatter(
  format: LogFormat,
  { color = false, envelope }: OperationalFormatOptions = {},
): (record: LogRecord) => string {
  if (envelope !== undefined) {
    const inner = format === "json" ? formatJson : bodyOf;
    return (record) => envelope.operational(factsOf(record), inner(record));
  }
  if (format === "json") return formatJson;
  return color ? (record) => formatText(record, COLORED) : (record) => formatText(record, PLAIN);
}

/** The colours of a line's fixed parts. */
interface Paints {
  readonly time: Paint;
  readonly level: Readonly<Record<LogRecord["level"], Paint>>;
}

const plain: Paint = (text) => text;

const PLAIN: Paints = {
  time: plain,
  level: { trace: plain, debug: plain, info: plain, warning: plain, error: plain, fatal: plain },
};

const COLORED: Paints = {
  time: dim,
  level: { trace: dim, debug: dim, info: green, warning: yellow, error: red, fatal: red },
};

/** A line of the operational log as data. */
export interface LogLine {
  /** In milliseconds since the Unix epoch. */
  readonly time: number;
  readonly level: "debug" | "info" | "warning" | "error";
  /** The room that wrote it. */
  readonly category: string;
  readonly message: string;
}

/** Converts a record to a line, without the properties that its message does not name. */
export function logLine(record: LogRecord): LogLine {
  return {
    time: record.timestamp,
    level: LEVELS[record.level],
    category: categoryOf(record),
    message: messageOf(record),
  };
}

/** This program's loggers have four of LogTape's six levels. */
const LEVELS: Readonly<Record<LogRecord["level"], LogLine["level"]>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warning",
  error: "error",
  fatal: "error",
};

/** `{"time":…,"level":…,"category":"listen","message":…,"properties":{…}}`. */
function formatJson(record: LogRecord): string {
  // One by one, so that a property that cannot be serialized costs no other.
  const properties = Object.entries(record.properties)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${jsonString(key)}:${jsonOf(value)}`);
  return `{"time":"${timestamp(record.timestamp)}","level":"${record.level}","category":${
    jsonString(categoryOf(record))
  },"message":${jsonString(messageOf(record))},"properties":{${properties.join()}}}\n`;
}

/** `2026-03-01T12:00:00.000Z warning listen: message key=value`. */
function formatText(record: LogRecord, { time, level }: Paints): string {
  return `${time(timestamp(record.timestamp))} ${level[record.level](record.level.padEnd(LEVEL_WIDTH))} ${
    bodyOf(record)
  }`;
}

/** `listen: message key=value`, with the keys that the message does not name. */
function bodyOf(record: LogRecord): string {
  let line = `${escapeText(categoryOf(record))}: ${escapeText(messageOf(record))}`;
  for (const [key, value] of Object.entries(record.properties)) {
    if (record.rawMessage.includes(`{${key}}`) || value === undefined) continue;
    line += ` ${textToken(key)}=${textToken(textOf(value))}`;
  }
  return `${line}\n`;
}

function factsOf(record: LogRecord): OperationalFacts {
  return {
    timeMs: record.timestamp,
    level: record.level === "trace" ? "debug" : record.level === "fatal" ? "error" : record.level,
    category: categoryOf(record),
    properties: record.properties,
  };
}

// The first element is the program's own name.
function categoryOf(record: LogRecord): string {
  return record.category.slice(1).join(".");
}

function messageOf(record: LogRecord): string {
  let message = "";
  for (const [index, part] of record.message.entries()) {
    message += index % 2 === 0 ? String(part) : textOf(part);
  }
  return message;
}

function textOf(value: unknown): string {
  if (value instanceof Error) return errorMessage(value);
  return typeof value === "object" && value !== null ? jsonOf(value) : String(value);
}

/** JSON of any value, on one line. Never throws, because the exception would hit the code that logs. */
function jsonOf(value: unknown): string {
  try {
    return escapeUnsafe(JSON.stringify(value, plainValue) ?? jsonString(String(value)));
  } catch (error) {
    return jsonString(`not shown: ${errorMessage(error)}`);
  }
}

function plainValue(_key: string, value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, code: errorCode(value), message: value.message };
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
