import { type Address, type Duplex, errorMessage, sendAtOnce } from "../../base/mod.ts";
import { PeekedConnection, type RouteFacts } from "../../routing/mod.ts";
import { ClientHelloParser, MAX_CLIENT_HELLO_WIRE_BYTES, type Upgrade } from "../../protocol/mod.ts";
import { type TlsConnectionState, TlsError, unservedAlert } from "../../tls/mod.ts";
import type { Announced, Refusal } from "./refusal.ts";
import { describePeek, type ProxyHeaderRule, readProxyHeader } from "./_proxy_header.ts";
import { describeTalk, talk, type TalkOutcome } from "../negotiate/dialogue.ts";

/** The inspections of a connection before a target is chosen; each is absent where the app does not need it. */
export interface InspectRules {
  /** A PROXY header comes first, or may. */
  readonly proxyHeader?: ProxyHeaderRule;
  /** The dialogue before TLS, and its time limit per client. */
  readonly upgrade?: { readonly begin: () => Upgrade; readonly timeoutMs: number };
  /** TLS ends here. */
  readonly tls?: TlsAcceptor;
  /** The ClientHello is looked at and passed on; where it is not needed, a connection goes on without one. */
  readonly clientHello?: { readonly timeoutMs: number; readonly isNeeded: boolean };
}

/** Ends TLS on a connection of which some bytes have been read already; where it rejects, the connection is its caller's. */
export interface TlsAcceptor {
  accept(
    raw: Duplex,
    options: TlsAcceptRequest,
  ): Promise<TlsAccepted>;
}

/** A client with which TLS is spoken. */
export interface TlsAccepted {
  readonly conn: Duplex;
  readonly sni: string | undefined;
  readonly alpn: string | undefined;
  /** The negotiated parameters, looked up on demand. */
  connectionState(): TlsConnectionState;
}

/** The arguments of {@link TlsAcceptor.accept}. */
export interface TlsAcceptRequest {
  /** The bytes that were read. */
  readonly lead: Uint8Array;
  readonly signal: AbortSignal;
  /** Called with the name that the client asks for, however the handshake ends. */
  onHello(sni: string | undefined): void;
}

const NO_FACTS: RouteFacts = { sni: undefined, alpn: [] };

/** One connection's first bytes, looked at in the order in which they come: PROXY header, then TLS. */
export class Inspector {
  readonly #rules: InspectRules;
  readonly #signal: AbortSignal;
  #conn: PeekedConnection;
  #isNoTls = false;
  /** Whether a ClientHello was looked at, which nobody has answered. */
  #isHello = false;
  #hasTls = false;
  #sni: string | undefined;
  /** The TLS that ends here. */
  #accepted: TlsAccepted | undefined;

  constructor(conn: Duplex, rules: InspectRules, signal: AbortSignal) {
    this.#rules = rules;
    this.#signal = signal;
    this.#conn = new PeekedConnection(conn);
  }

  /** Whether TLS was ended here. */
  get hasEndedTls(): boolean {
    return this.#accepted !== undefined;
  }

  /** The TLS that was ended here. */
  get tls(): TlsAccepted | undefined {
    return this.#accepted;
  }

  /** Whether the first bytes were looked at for a ClientHello, and were none. */
  get isNoTls(): boolean {
    return this.#isNoTls;
  }

  /** Whether the client speaks TLS, as far as that was looked at. */
  get hasTls(): boolean {
    return this.#hasTls;
  }

  /** The server name that the client's hello asks for, once that was read. */
  get sni(): string | undefined {
    return this.#sni;
  }

  /** Reads the PROXY header where the app accepts one. `peer` is where the connection really comes from. */
  async readProxyHeader(peer: Address): Promise<Announced | Refusal | undefined> {
    const rule = this.#rules.proxyHeader;
    if (rule === undefined) return undefined;
    return await readProxyHeader(rule, { conn: this.#conn, peer, signal: this.#signal });
  }

  /** Ends TLS, or looks at the ClientHello, as the app wants; gives what routes may go by. */
  async readTls(): Promise<RouteFacts | Refusal> {
    if (this.#rules.upgrade !== undefined) {
      const refusal = await this.#upgrade(this.#rules.upgrade);
      if (refusal !== undefined) return refusal;
      if (this.#isNoTls) return NO_FACTS;
    }
    if (this.#rules.tls !== undefined) return await this.#terminate(this.#rules.tls);
    if (this.#rules.clientHello === undefined) return NO_FACTS;
    const parser = new ClientHelloParser();
    const outcome = await this.#conn.peekUntil((bytes) => parser.parse(bytes), {
      maxBytes: MAX_CLIENT_HELLO_WIRE_BYTES,
      timeoutMs: this.#rules.clientHello.timeoutMs,
      signal: this.#signal,
    });
    const { isNeeded } = this.#rules.clientHello;
    if (!isNeeded && outcome.kind !== "failed" && outcome.kind !== "aborted") {
      if (outcome.kind !== "verdict" || outcome.verdict.kind !== "hello") return NO_FACTS;
    }
    switch (outcome.kind) {
      case "verdict":
        break;
      case "too_long":
        return badHello("the hello is too long");
      case "timeout":
        return badHello("the hello did not come in time");
      case "closed":
        if (this.#conn.bytes.length > 0) return badHello("the client finished in mid-hello");
        return GONE;
      default:
        return { reason: "client_gone", detail: describePeek(outcome) };
    }
    const { verdict } = outcome;
    if (verdict.kind === "hello") {
      this.#isHello = true;
      this.#sni = verdict.sni;
      this.#hasTls = true;
      return { sni: verdict.sni, alpn: verdict.alpn };
    }
    if (verdict.kind === "not_tls" && this.#rules.upgrade !== undefined) {
      return badHello("the client asked for TLS and did not begin it");
    }
    // A catch-all route may take what is not TLS.
    this.#isNoTls = verdict.kind === "not_tls";
    if (this.#isNoTls) return NO_FACTS;
    return badHello(verdict.kind === "bad" ? verdict.problem : "the hello is too long");
  }

  /** Sends an alert to a client whose ClientHello was looked at: no route takes it. Never rejects. */
  async alertUnserved(what: "server_name" | "protocol"): Promise<void> {
    if (!this.#isHello) return;
    try {
      await this.#conn.write(unservedAlert(what));
    } catch {
      // It has left, and needs no alert.
    }
  }

  /** The connection to go on with, and the bytes that were read from it already. */
  take(): { readonly conn: Duplex; readonly lead: Uint8Array } {
    if (this.#accepted !== undefined) return { conn: this.#accepted.conn, lead: NO_BYTES };
    const taken = this.#conn.take();
    return taken === undefined
      ? { conn: this.#conn, lead: NO_BYTES }
      : { conn: taken.conn, lead: taken.bytes };
  }

  /** Talks with the client until TLS begins, or goes on without it. */
  async #upgrade({ begin, timeoutMs }: NonNullable<InspectRules["upgrade"]>): Promise<Refusal | undefined> {
    const outcome = await talk(this.#conn, begin(), { timeoutMs, signal: this.#signal });
    if (outcome.kind === "done") {
      this.#isNoTls = !outcome.tls;
      return undefined;
    }
    if (outcome.kind === "silent") return GONE;
    const detail = `before TLS: ${describeTalk(outcome)}`;
    if (CLIENT_GONE.has(outcome.kind)) return { reason: "client_gone", detail };
    return { reason: this.#rules.tls === undefined ? "bad_client_hello" : "tls_error", detail };
  }

  async #terminate(tls: TlsAcceptor): Promise<RouteFacts | Refusal> {
    const { conn, lead } = this.take();
    // Session tickets go out after the handshake, and the first data must not wait until the client acknowledges them.
    sendAtOnce(conn);
    try {
      const accepted = await tls.accept(conn, {
        lead,
        signal: this.#signal,
        onHello: (name) => this.#sni = name,
      });
      this.#accepted = accepted;
      this.#hasTls = true;
      const { sni, alpn } = accepted;
      return { sni, alpn: alpn === undefined ? [] : [alpn] };
    } catch (error) {
      if (error instanceof TlsError && error.isSilent) return GONE;
      return { reason: "tls_error", detail: errorMessage(error) };
    }
  }
}

const NO_BYTES = new Uint8Array();

/** A load balancer's check of the port, for one. */
const GONE: Refusal = { reason: "client_gone", detail: "the client left without a byte" };

/** Outcomes of a talk of which the client is the cause, and no fault. */
const CLIENT_GONE: ReadonlySet<TalkOutcome["kind"]> = new Set(["left", "closed", "failed", "aborted"]);

function badHello(detail: string): Refusal {
  return { reason: "bad_client_hello", detail };
}
