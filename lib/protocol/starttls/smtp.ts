/**
 * STARTTLS of SMTP: RFC 3207. Replies: RFC 5321 section 4.2; their enhanced codes: RFC 3463.
 *
 * @module
 */
import { crlf, firstLine, needLine, quoted, refusedLine } from "./_text_lines.ts";
import { earlyBytes, NO_BYTES, TLS_HANDSHAKE, type Upgrade, type UpgradeStep } from "./upgrade.ts";

/** Speaks with a client of SMTP until TLS begins. It offers nothing else. */
export class SmtpClientUpgrade implements Upgrade {
  readonly opening: Uint8Array;
  readonly #hostName: string;

  /** @param hostName by which the proxy introduces itself. */
  constructor(hostName: string) {
    this.#hostName = hostName;
    this.opening = crlf(`220 ${hostName} ESMTP`);
  }

  read(bytes: Uint8Array): UpgradeStep {
    if (bytes[0] === TLS_HANDSHAKE) {
      return refusedLine("the client began TLS with its first byte, without STARTTLS");
    }
    const line = firstLine(bytes);
    if (line === undefined) return needLine(bytes, "client");
    const [verb = "", ...rest] = line.text.trim().split(/\s+/);
    if (verb.toUpperCase() === "STARTTLS" && rest.length === 0) {
      const early = bytes.length - line.length;
      if (early > 0) return refusedLine(earlyBytes("client", early), "554 5.5.1 Wait for TLS");
      return { kind: "done", length: line.length, bytes: crlf("220 2.0.0 Ready to start TLS"), tls: true };
    }
    const answer = this.#answer(verb.toUpperCase());
    return verb.toUpperCase() === "QUIT"
      ? { kind: "left", bytes: answer }
      : { kind: "reply", length: line.length, bytes: answer };
  }

  #answer(verb: string): Uint8Array {
    switch (verb) {
      case "EHLO":
        return crlf(`250-${this.#hostName}`, "250 STARTTLS");
      case "HELO":
        return crlf(`250 ${this.#hostName}`);
      case "NOOP":
      case "RSET":
        return crlf("250 2.0.0 OK");
      case "QUIT":
        return crlf("221 2.0.0 Bye");
      case "STARTTLS":
        return crlf("501 5.5.4 STARTTLS takes no parameters");
      default:
        return crlf("530 5.7.0 Must issue a STARTTLS command first");
    }
  }
}

/** The options for an SMTP target. */
export interface SmtpTargetOptions {
  /** Whether it begins TLS; otherwise its greeting is read and no more. */
  readonly tls: boolean;
  /** The name of EHLO. */
  readonly hostName: string;
}

/** Reads the greeting of an SMTP server, and asks it for TLS. */
export class SmtpTargetUpgrade implements Upgrade {
  readonly opening: Uint8Array = NO_BYTES;
  /** The server's greeting, once it was read: for a client that has heard none. */
  greeting: Uint8Array = NO_BYTES;
  readonly #options: SmtpTargetOptions;
  #asked: "greeting" | "ehlo" | "starttls" = "greeting";

  constructor(options: SmtpTargetOptions) {
    this.#options = options;
  }

  read(bytes: Uint8Array): UpgradeStep {
    const reply = firstReply(bytes);
    if (reply === undefined) return needLine(bytes.subarray(bytes.lastIndexOf(0x0a) + 1), "target");
    const { code, lines, length } = reply;
    const said = quoted(lines[0] ?? "");
    const rest = bytes.length - length;
    switch (this.#asked) {
      case "greeting":
        if (code !== "220") return refusedLine(`the target greets with ${said}, not with 220`);
        this.greeting = bytes.slice(0, length);
        if (!this.#options.tls) return { kind: "done", length, bytes: NO_BYTES, tls: false };
        this.#asked = "ehlo";
        return { kind: "reply", length, bytes: crlf(`EHLO ${this.#options.hostName}`) };
      case "ehlo":
        if (code !== "250") return refusedLine(`the target answers EHLO with ${said}`);
        if (!lines.some((line) => /^250[ -]STARTTLS\s*$/i.test(line))) {
          return refusedLine("the target offers no STARTTLS: turn TLS on there");
        }
        this.#asked = "starttls";
        return { kind: "reply", length, bytes: crlf("STARTTLS") };
      case "starttls":
        if (code !== "220") return refusedLine(`the target answers STARTTLS with ${said}`);
        return rest > 0
          ? refusedLine(earlyBytes("target", rest))
          : { kind: "done", length, bytes: NO_BYTES, tls: true };
    }
  }
}

interface Reply {
  readonly code: string;
  readonly lines: readonly string[];
  readonly length: number;
}

/** A reply of one line or several; what is no reply has a code that nobody expects. */
function firstReply(bytes: Uint8Array): Reply | undefined {
  const lines: string[] = [];
  for (let length = 0;;) {
    const line = firstLine(bytes.subarray(length));
    if (line === undefined) return undefined;
    length += line.length;
    lines.push(line.text);
    if (!/^\d{3}-/.test(line.text)) return { code: line.text.slice(0, 3), lines, length };
  }
}
