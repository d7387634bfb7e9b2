/**
 * One connection made to be looked at: each step with its time and with what it showed.
 *
 * @module
 */
import {
  type Address,
  type Clock,
  type Duplex,
  errorCode,
  errorMessage,
  formatAddress,
  formatDuration,
  MAX_TIMER_MS,
  monotonicClock,
  sendAtOnce,
} from "../../base/mod.ts";
import { type Connection, runtimeTransport, type Transport } from "../../net/mod.ts";
import {
  encodeProxyHeader,
  ImapTargetUpgrade,
  PostgresTargetUpgrade,
  SmtpTargetUpgrade,
  type Upgrade,
} from "../../protocol/mod.ts";
import { upgradeTarget } from "../../session/mod.ts";
import { showBytes } from "../../pool/mod.ts";
import { TargetTls, TlsError } from "../../tls/mod.ts";
import { describeAnswers } from "../dial_answers.ts";
import {
  type AnswerEnd,
  MAX_ANSWER_BYTES,
  type ProbeFailure,
  type ProbeFinding,
  type ProbeHeader,
  type ProbePlan,
  type ProbeReport,
  type ProbeStep,
  type ProbeTls,
} from "./probe_report.ts";

export interface ProbeTargetOptions {
  /** Default the runtime's. */
  readonly clock?: Clock;
  /** Default the runtime's connect. */
  readonly connect?: (address: Address, signal: AbortSignal) => Promise<Connection>;
}

/** Makes the connection, takes every step of the plan, and closes it. What goes wrong is in the report. */
export function probeTarget(plan: ProbePlan, options: ProbeTargetOptions = {}): Promise<ProbeReport> {
  return new TargetProbe(plan, options).run();
}

/** Carries the failure of a step up to where the report is made. */
class StepError extends Error {
  override readonly name = "StepError";
  readonly failure: ProbeFailure;

  constructor(failure: ProbeFailure, cause: unknown) {
    super(failure.reason, { cause });
    this.failure = failure;
  }
}

/** What each step waits for, for messages. */
const AWAITED: Readonly<Record<ProbeFinding["kind"], string>> = {
  connect: "connection",
  ["proxy_header"]: "room for the PROXY header",
  tls: "TLS handshake",
  send: "the target to accept more bytes",
  answer: "answer",
};

/** How each protocol is asked for TLS. */
const UPGRADES: Readonly<Record<NonNullable<ProbeTls["starttls"]>, () => Upgrade>> = {
  postgres: () => new PostgresTargetUpgrade(),
  smtp: () => new SmtpTargetUpgrade({ tls: true, hostName: "localhost" }),
  imap: () => new ImapTargetUpgrade({ tls: true }),
};

/** Takes one step; the signal says that its time is over. */
type Step = (signal: AbortSignal) => Promise<ProbeFinding>;

class TargetProbe {
  readonly #plan: ProbePlan;
  readonly #clock: Clock;
  readonly #dial: Transport["connect"];
  readonly #steps: ProbeStep[] = [];
  #conn: Duplex | undefined;
  #ends: { readonly local: Address; readonly remote: Address } | undefined;

  constructor(plan: ProbePlan, options: ProbeTargetOptions) {
    this.#plan = plan;
    this.#clock = options.clock ?? monotonicClock;
    this.#dial = options.connect ?? runtimeTransport.connect;
  }

  async run(): Promise<ProbeReport> {
    try {
      await this.#takeSteps();
      return { steps: this.#steps, failure: undefined };
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      return { steps: this.#steps, failure: error.failure };
    } finally {
      this.#close();
    }
  }

  async #takeSteps(): Promise<void> {
    const { proxyHeader, tls, send } = this.#plan;
    const shakeHands = tls === undefined ? undefined : await this.#prepareTls(tls);
    await this.#step("connect", (signal) => this.#connect(signal));
    if (proxyHeader !== undefined) {
      const header = this.#encodeHeader(proxyHeader);
      await this.#step("proxy_header", () => this.#send("proxy_header", header));
    }
    if (shakeHands !== undefined) await this.#step("tls", shakeHands);
    if (send !== undefined) await this.#step("send", () => this.#send("send", send));
    await this.#step("answer", (signal) => this.#read(signal));
  }

  /** Within the limit, at which the connection is closed: nothing else ends a read or a write. */
  async #step(kind: ProbeFinding["kind"], make: Step): Promise<void> {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort();
      this.#close();
    }, Math.min(this.#plan.timeoutMs, MAX_TIMER_MS));
    // Not before: the first timer of a process takes longer than a connect on the same machine.
    const beganMs = this.#clock.nowMs();
    try {
      const finding = await make(controller.signal);
      this.#steps.push({ ...finding, durationMs: this.#clock.nowMs() - beganMs });
    } catch (error) {
      const reason = controller.signal.aborted
        ? `no ${AWAITED[kind]} within ${formatDuration(this.#plan.timeoutMs)}`
        : this.#describe(error);
      throw new StepError({ kind, reason, durationMs: this.#clock.nowMs() - beganMs }, error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #connect(signal: AbortSignal): Promise<ProbeFinding> {
    const conn = await this.#dial(this.#plan.address, signal);
    this.#conn = conn;
    signal.throwIfAborted();
    // The steps are timed, and none of them is to include the delayed acknowledgement of the one before.
    sendAtOnce(conn);
    this.#ends = { local: conn.local, remote: conn.peer };
    return { kind: "connect", ...this.#ends };
  }

  #encodeHeader({ version, client }: ProbeHeader): Uint8Array {
    const local = this.#ends?.local;
    const remote = this.#ends?.remote;
    if (client === undefined) return encodeProxyHeader(version, { source: local, destination: remote });
    const port = client.port === 0 && local?.kind === "tcp" ? local.port : client.port;
    const source: Address = { kind: "tcp", host: client.host, port };
    // A unix socket has no address to name; the client's own at least has the right family.
    return encodeProxyHeader(version, { source, destination: remote?.kind === "tcp" ? remote : source });
  }

  /** Before anything is timed: to load the runtime's TLS takes longer than most handshakes. */
  async #prepareTls({ serverName, alpn, starttls }: ProbeTls): Promise<Step> {
    try {
      const tls = await TargetTls.load({ alpn });
      return async (signal) => {
        const options = { serverName, timeoutMs: Infinity, signal };
        const raw = starttls === undefined
          ? this.#open()
          : await upgradeTarget(this.#open(), UPGRADES[starttls](), signal);
        const { conn, ...shown } = await tls.inspect(raw, options);
        this.#conn = conn;
        signal.throwIfAborted();
        return { kind: "tls", ...shown };
      };
    } catch (error) {
      throw new StepError({ kind: "tls", reason: this.#describe(error), durationMs: 0 }, error);
    }
  }

  async #send(kind: "proxy_header" | "send", bytes: Uint8Array): Promise<ProbeFinding> {
    const conn = this.#open();
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    return { kind, sent: bytes };
  }

  async #read(signal: AbortSignal): Promise<ProbeFinding> {
    const conn = this.#open();
    const buffer = new Uint8Array(MAX_ANSWER_BYTES);
    let length = 0;
    const answer = (end: AnswerEnd): ProbeFinding => {
      return { kind: "answer", received: buffer.subarray(0, length), end };
    };
    while (length < buffer.length) {
      try {
        const count = await conn.read(buffer.subarray(length));
        if (count === null) return answer("closed");
        length += count;
      } catch (error) {
        if (signal.aborted) return answer("timeout");
        if (length === 0) throw error;
        const got = showBytes(buffer.subarray(0, length), MAX_ANSWER_BYTES);
        throw new Error(`${this.#describe(error)}, after the answer ${got}`, { cause: error });
      }
    }
    return answer("limit");
  }

  /** The connection, which every step but the first has. */
  #open(): Duplex {
    if (this.#conn === undefined) throw new Deno.errors.Interrupted("the connection was closed");
    return this.#conn;
  }

  #describe(error: unknown): string {
    const message = errorMessage(error);
    const code = errorCode(error);
    if (error instanceof TlsError || code === "UNKNOWN") return message;
    return describeAnswers([{ label: formatAddress(this.#plan.address), code, message }]);
  }

  #close(): void {
    const conn = this.#conn;
    this.#conn = undefined;
    conn?.close();
  }
}
