import { type Cidr, CidrError, formatSize, parseCidr, parseSize, UnitError } from "../../../base/mod.ts";
import { CAPTURE_LIMITS, type CaptureRequest } from "../../../capture/mod.ts";
import type { Parameter } from "../../openapi/description.ts";

/** The query parameters of a capture. */
export interface CaptureQuery extends Pick<CaptureRequest, "count" | "bytes" | "forMs" | "resolution"> {
  readonly clients: readonly Cidr[];
}

/** An invalid query; the message says what is expected. */
export class CaptureQueryError extends Error {
  override readonly name = "CaptureQueryError";
}

const { count, bytes, forMs } = CAPTURE_LIMITS;
const [LEAST_SECONDS, MOST_SECONDS] = [forMs.least / 1000, forMs.most / 1000];

/** Limits of every capture. */
export const LIMIT_PARAMETERS: readonly Parameter[] = [
  {
    name: "bytes",
    in: "query",
    description: `Largest size of the file, in bytes or as 10MiB; default ${
      formatSize(bytes.default)
    }, at most ${formatSize(bytes.most)}`,
    example: "10MiB",
  },
  {
    name: "seconds",
    in: "query",
    description: "Longest time",
    schema: {
      type: "integer",
      minimum: LEAST_SECONDS,
      maximum: MOST_SECONDS,
      default: forMs.default / 1000,
    },
  },
  {
    name: "resolution",
    in: "query",
    description: "Unit of the packets' times",
    schema: { enum: ["us", "ns"], default: "us" },
  },
];

/** Further parameters for a capture of an app. */
export const APP_PARAMETERS: readonly Parameter[] = [
  {
    name: "client",
    in: "query",
    description: "Address or block of the clients; may be given several times; default all",
    example: "10.0.0.0/8",
  },
  {
    name: "count",
    in: "query",
    description: "Most connections",
    schema: { type: "integer", minimum: 1, maximum: count.most, default: count.default },
  },
];

/**
 * Reads the query of a capture.
 *
 * @param parameters those that are allowed.
 * @throws {CaptureQueryError}
 */
export function readCaptureQuery(query: URLSearchParams, parameters: readonly Parameter[]): CaptureQuery {
  const names = parameters.flatMap(({ name, in: place }) => place === "query" ? [name] : []);
  for (const key of new Set(query.keys())) {
    if (!names.includes(key)) {
      throw new CaptureQueryError(`unknown parameter "${key}"; expected one of ${names.join(", ")}`);
    }
    if (key !== "client" && query.getAll(key).length > 1) {
      throw new CaptureQueryError(`"${key}" is given more than once; expected it once`);
    }
  }
  return {
    clients: query.getAll("client").map(clientIn),
    count: wholeNumber(query, "count", { least: 1, most: count.most }) ?? count.default,
    bytes: bytesIn(query),
    forMs: (wholeNumber(query, "seconds", { least: LEAST_SECONDS, most: MOST_SECONDS }) ??
      forMs.default / 1000) * 1000,
    resolution: resolutionIn(query),
  };
}

function clientIn(text: string): Cidr {
  try {
    return parseCidr(text);
  } catch (error) {
    if (error instanceof CidrError) throw new CaptureQueryError(`"client": ${error.message}`);
    throw error;
  }
}

function bytesIn(query: URLSearchParams): number {
  const text = query.get("bytes");
  if (text === null) return bytes.default;
  let size: number;
  try {
    size = /^\d+$/.test(text) ? Number(text) : parseSize(text);
  } catch (error) {
    if (error instanceof UnitError) throw new CaptureQueryError(`"bytes": ${error.message}`);
    throw error;
  }
  if (size >= bytes.least && size <= bytes.most) return size;
  throw new CaptureQueryError(
    `"bytes" is ${text}; expected ${formatSize(bytes.least)} to ${formatSize(bytes.most)}`,
  );
}

function wholeNumber(
  query: URLSearchParams,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  throw new CaptureQueryError(`"${name}" is "${text}"; expected a whole number from ${least} to ${most}`);
}

function resolutionIn(query: URLSearchParams): CaptureRequest["resolution"] {
  const text = query.get("resolution") ?? "us";
  if (text === "us" || text === "ns") return text;
  throw new CaptureQueryError(`"resolution" is "${text}"; expected us or ns`);
}
