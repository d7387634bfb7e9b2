/**
 * What a process and its successor tell each other, a line of JSON each. The two may be of different versions of the program,
 * so a message may have fields that the reader does not know, and lacks none of {@link PROTOCOL}.
 *
 * @module
 */
import type { HandedApp } from "../../proxy/mod.ts";

/** Raised when a message changes so that an earlier version would misunderstand it. */
export const PROTOCOL = 1;

/** A listening socket that the successor finds open. */
export interface HandedSocket {
  readonly fd: number;
  /** Its address as text, which the successor checks. */
  readonly address: string;
  /** The name that a service manager has given it; `null` for one that the process has bound itself. */
  readonly name: string | null;
}

/** The first message, from the process that is replaced. */
export interface Hello {
  readonly kind: "hello";
  readonly protocol: number;
  readonly pid: number;
  readonly sockets: readonly HandedSocket[];
  /** The paths of unix sockets to bind anew, over the file that is there. */
  readonly paths: readonly string[];
  readonly apps: readonly HandedApp[];
}

/** A message to the successor. */
export type ToSuccessor =
  | Hello
  /** The process that is replaced accepts nothing more, and its admin API is the successor's. */
  | { readonly kind: "released" };

/** A message from the successor. */
export type FromSuccessor =
  /** It accepts on the sockets with these addresses. */
  | { readonly kind: "ready"; readonly version: string; readonly taken: readonly string[] }
  /** It cannot start, for a reason that the operator must fix. */
  | { readonly kind: "failed"; readonly reason: string };

/** A line that is no such message. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

/** Reads a message to the successor. @throws {MessageError} */
export function readToSuccessor(line: string): ToSuccessor {
  const message = parse(line);
  if (message.kind === "released") return { kind: "released" };
  if (message.kind !== "hello") throw new MessageError(`the message "${String(message.kind)}" is unknown`);
  const { protocol, pid } = message;
  if (protocol !== PROTOCOL) {
    throw new MessageError(
      `the running process speaks version ${
        String(protocol)
      } of the hand-over and this program version ${PROTOCOL}; ` +
        "restart instead",
    );
  }
  if (typeof pid !== "number") throw new MessageError("the process id is missing");
  return {
    kind: "hello",
    protocol,
    pid,
    sockets: list(message.sockets).map(readSocket),
    paths: list(message.paths).map(String),
    apps: list(message.apps).map(readApp),
  };
}

/** Reads a message from the successor. @throws {MessageError} */
export function readFromSuccessor(line: string): FromSuccessor {
  const { kind, version, taken, reason } = parse(line);
  if (kind === "ready") return { kind, version: String(version), taken: list(taken).map(String) };
  if (kind === "failed") return { kind, reason: String(reason) };
  throw new MessageError(`the message "${String(kind)}" is unknown`);
}

function readSocket(value: unknown): HandedSocket {
  const { fd, address, name } = mapping(value);
  if (!Number.isSafeInteger(fd) || Number(fd) < 0) throw new MessageError(`"${String(fd)}" is no descriptor`);
  return { fd: Number(fd), address: String(address), name: typeof name === "string" ? name : null };
}

function readApp(value: unknown): HandedApp {
  const { name, isPaused, targets, faults, down } = mapping(value);
  const set = faults === null || faults === undefined ? null : mapping(faults);
  return {
    name: String(name),
    isPaused: isPaused === true,
    targets: list(targets).map(mapping).map(({ label, admin, weight }) => ({
      label: String(label),
      admin: admin === "drain" || admin === "down" ? admin : "ready",
      weight: typeof weight === "number" ? weight : null,
    })),
    faults: set === null ? null : {
      faults: list(set.faults),
      sinceEpochMs: typeof set.sinceEpochMs === "number" ? set.sinceEpochMs : 0,
    },
    down: list(down).map(mapping).map(({ label, detail }) => ({
      label: String(label),
      detail: String(detail),
    })),
  };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    return mapping(JSON.parse(line));
  } catch (error) {
    if (error instanceof MessageError) throw error;
    throw new MessageError("it is no JSON", { cause: error });
  }
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MessageError("a mapping is missing");
  }
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new MessageError("a list is missing");
  return value;
}
