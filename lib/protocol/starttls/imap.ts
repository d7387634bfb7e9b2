/**
 * STARTTLS of IMAP: RFC 9051 section 6.2.1 (IMAP4rev2), RFC 3501 section 6.2.1 (IMAP4rev1). Response codes: RFC 5530.
 *
 * @module
 */
import { crlf, firstLine, latin1, needLine, quoted, refusedLine } from "./_text_lines.ts";
import { earlyBytes, NO_BYTES, TLS_HANDSHAKE, type Upgrade, type UpgradeStep } from "./upgrade.ts";

const CAPABILITIES = "CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED";

/** Speaks with a client of IMAP until TLS begins. It offers nothing else. */
export class ImapClientUpgrade implements Upgrade {
  readonly opening: Uint8Array;

  /** @param hostName by which the proxy introduces itself. */
  constructor(hostName: string) {
    this.opening = crlf(`* OK [${CAPABILITIES}] ${hostName} ready`);
  }

  read(bytes: Uint8Array): UpgradeStep {
    if (bytes[0] === TLS_HANDSHAKE) {
      return refusedLine("the client began TLS with its first byte, without STARTTLS");
    }
    const line = firstLine(bytes);
    if (line === undefined) return needLine(bytes, "client");
    const { length } = line;
    const [, tag, command = ""] = /^([^\s(){%*"\\]{1,64}) +(\S+)/.exec(line.text) ?? [];
    if (tag === undefined) return { kind: "reply", length, bytes: crlf("* BAD A tag and a command, please") };
    switch (command.toUpperCase()) {
      case "STARTTLS": {
        const early = bytes.length - length;
        if (early > 0) return refusedLine(earlyBytes("client", early), "* BYE Wait for TLS");
        return { kind: "done", length, bytes: crlf(`${tag} OK Begin TLS negotiation now`), tls: true };
      }
      case "LOGOUT":
        return { kind: "left", bytes: crlf("* BYE Logging out", `${tag} OK LOGOUT completed`) };
      case "CAPABILITY":
        return { kind: "reply", length, bytes: crlf(`* ${CAPABILITIES}`, `${tag} OK CAPABILITY completed`) };
      case "NOOP":
        return { kind: "reply", length, bytes: crlf(`${tag} OK NOOP completed`) };
      default:
        return {
          kind: "reply",
          length,
          bytes: crlf(`${tag} NO [PRIVACYREQUIRED] Begin TLS with STARTTLS first`),
        };
    }
  }
}

const TAG = "starttls";

/** Reads the greeting of an IMAP server, and asks it for TLS. */
export class ImapTargetUpgrade implements Upgrade {
  readonly opening: Uint8Array = NO_BYTES;
  /** The server's greeting, once it was read, without capabilities: those of TLS are others. */
  greeting: Uint8Array = NO_BYTES;
  readonly #options: { readonly tls: boolean };
  #asked: "greeting" | "starttls" = "greeting";

  /** @param options `tls` is whether it begins TLS; otherwise its greeting is read and no more. */
  constructor(options: { readonly tls: boolean }) {
    this.#options = options;
  }

  read(bytes: Uint8Array): UpgradeStep {
    const line = firstLine(bytes);
    if (line === undefined) return needLine(bytes, "target");
    const { text, length } = line;
    return this.#asked === "greeting"
      ? this.#greeted(bytes, length)
      : this.#answered(text, length, bytes.length);
  }

  #greeted(bytes: Uint8Array, length: number): UpgradeStep {
    const text = latin1(bytes.subarray(0, length));
    if (!/^\* OK\b/i.test(text)) {
      return refusedLine(`the target greets with ${quoted(text.trimEnd())}, not with * OK`);
    }
    if (!this.#options.tls) {
      this.greeting = bytes.slice(0, length);
      return { kind: "done", length, bytes: NO_BYTES, tls: false };
    }
    this.greeting = crlf(text.trimEnd().replace(/\[CAPABILITY [^\]]*\] ?/i, ""));
    this.#asked = "starttls";
    return { kind: "reply", length, bytes: crlf(`${TAG} STARTTLS`) };
  }

  #answered(text: string, length: number, held: number): UpgradeStep {
    if (text.startsWith("* ")) return { kind: "reply", length, bytes: NO_BYTES };
    if (!new RegExp(`^${TAG} OK\\b`, "i").test(text)) {
      return refusedLine(`the target answers STARTTLS with ${quoted(text)}`);
    }
    return held > length
      ? refusedLine(earlyBytes("target", held - length))
      : { kind: "done", length, bytes: NO_BYTES, tls: true };
  }
}
