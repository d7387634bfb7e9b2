import {
  AddressError,
  checkHost,
  formatAddress,
  MAX_PORT,
  parseAddress,
  parseIp,
  parsePort,
} from "../../base/mod.ts";
import type { ConnectionQuestion, Destination } from "./explanation.ts";

/** The parts of a question as they are written, in flags or in the query of an URL; `undefined` for what is left out. */
export interface QuestionTexts {
  readonly port: string | undefined;
  readonly listen: string | undefined;
  readonly client: string | undefined;
  readonly sni: string | undefined;
  /** With commas between. */
  readonly alpn: string | undefined;
}

/** The names of the parts. */
export const QUESTION_PARTS = ["port", "listen", "client", "sni", "alpn"] as const;

/** How a part with a value is written where the question comes from: `--port N`. */
export type Spell = (part: keyof QuestionTexts, value: string) => string;

/** A question that makes no sense; the message says what is wrong and what is expected. */
export class QuestionError extends Error {
  override readonly name = "QuestionError";
}

/**
 * Reads a question.
 *
 * @throws {QuestionError}
 */
export function readQuestion(texts: QuestionTexts, spell: Spell): ConnectionQuestion {
  try {
    const to = readDestination(texts, spell);
    return {
      to,
      client: readClient(texts.client, to, spell),
      sni: readServerName(texts.sni),
      alpn: (texts.alpn ?? "").split(",").filter((protocol) => protocol !== ""),
    };
  } catch (error) {
    if (error instanceof AddressError) throw new QuestionError(error.message, { cause: error });
    throw error;
  }
}

/** The parts of which {@link readQuestion} makes the same question again. */
export function questionTexts({ to, client, sni, alpn }: ConnectionQuestion): QuestionTexts {
  return {
    port: to.kind === "port" ? String(to.port) : undefined,
    listen: to.kind === "port" ? undefined : formatAddress(to),
    client,
    sni,
    alpn: alpn.length === 0 ? undefined : alpn.join(","),
  };
}

function readDestination({ port: portText, listen }: QuestionTexts, spell: Spell): Destination {
  const port = portText === undefined ? undefined : parsePort(portText);
  if (listen === undefined) {
    if (port === undefined) throw new QuestionError(`no port given; add ${spell("port", "N")}`);
    return { kind: "port", port };
  }
  const host = listen.replace(/^\[(.*)\]$/, "$1");
  const isHost = !listen.startsWith("unix:") && (parseIp(host) !== undefined || !listen.includes(":"));
  if (isHost) {
    checkHost(host);
    if (port === undefined) {
      throw new QuestionError(
        `the address "${listen}" has no port; add ${spell("port", "N")} from 1 to ${MAX_PORT}`,
      );
    }
    return { kind: "tcp", host, port };
  }
  const address = parseAddress(listen);
  if (port !== undefined && (address.kind === "unix" || address.port !== port)) {
    throw new QuestionError(
      `${spell("listen", `"${listen}"`)} and port ${port} contradict each other; give one of them`,
    );
  }
  return address;
}

function readClient(text: string | undefined, to: Destination, spell: Spell): string | undefined {
  if (text === undefined) {
    if (to.kind === "unix") return undefined;
    throw new QuestionError(`no client given; add ${spell("client", "ADDR")}`);
  }
  const host = text.replace(/^\[(.*)\]$/, "$1");
  if (parseIp(host) !== undefined) return host;
  throw new QuestionError(`the client is "${text}"; expected an IP address`);
}

function readServerName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (parseIp(name) !== undefined) {
    throw new QuestionError(
      `the server name is "${name}"; expected a name: clients never send an address`,
    );
  }
  return checkHost(name);
}
