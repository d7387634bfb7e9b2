import { type Address, type Duplex, sendAtOnce } from "../../base/mod.ts";
import { problem } from "../responses.ts";
import { Body } from "./body.ts";
import { parseHead, type RequestHead } from "./head.ts";
import { Input } from "./input.ts";
import { AFTER_FIN_MS, type HttpLimits, LINGER_MS } from "./limits.ts";
import { RequestError } from "./request_error.ts";
import { framingOf, responseHead } from "./response_head.ts";

export interface HttpConnectionOptions {
  readonly limits: HttpLimits;
  /** Responds to a request of a caller; followed by {@link ended} in any case. */
  handle(request: Request, caller: Address | undefined): Promise<Response>;
  /** The response has been written, or its client has left. */
  ended(): void;
  /** An internal error; the connection is closed. */
  defect(error: unknown): void;
  /** The connection begins, or no longer, to wait for a request. */
  waiting(connection: HttpConnection, isWaiting: boolean): void;
}

/** Bytes that one write takes, so that a slow client makes progress within its limit. */
const WRITE_BYTES = 64 * 1024;

/** Pipelined bytes that are kept while a response is written. */
const MAX_AHEAD_BYTES = 64 * 1024;

const ENCODER = new TextEncoder();

const CONTINUE = ENCODER.encode("HTTP/1.1 100 Continue\r\n\r\n");

/** The state of a client while its response is written. */
interface Watch {
  /** Whether the response waits for its source, and not for the client. */
  isReading: boolean;
  hasLeft: boolean;
  isOver: boolean;
  timer: ReturnType<typeof setInterval> | undefined;
}

/** Serves HTTP/1.1 on one connection, which it owns: one request after the other, each within the limits. */
export class HttpConnection {
  readonly #conn: Duplex;
  readonly #caller: Address | undefined;
  readonly #options: HttpConnectionOptions;
  readonly #input: Input;
  readonly #closed = new AbortController();
  /** Resolves when the connection is closed and nothing of it is left. */
  readonly done: Promise<void>;

  constructor(conn: Duplex & { readonly peer?: Address }, options: HttpConnectionOptions) {
    this.#conn = conn;
    this.#caller = conn.peer;
    this.#options = options;
    this.#input = new Input(conn);
    sendAtOnce(conn);
    this.done = this.#run();
  }

  /** Closes the connection at once. Idempotent. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#conn.close();
  }

  async #run(): Promise<void> {
    try {
      let isFirst = true;
      while (await this.#serveNext(isFirst)) isFirst = false;
      if (!this.#closed.signal.aborted) await this.#linger();
    } catch {
      // The client has left, or was too slow: no response is possible.
    } finally {
      this.close();
    }
  }

  /** Serves one request; returns whether there may be another. */
  async #serveNext(isFirst: boolean): Promise<boolean> {
    let head: RequestHead;
    try {
      const bytes = await this.#nextHead(isFirst);
      if (bytes === undefined) return false;
      head = parseHead(bytes);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const refused = problem(error.status, { detail: error.message });
      await this.#respond(refused, { method: "GET", isOld: false, keepAlive: false });
      return false;
    }
    return await this.#exchange(head);
  }

  async #nextHead(isFirst: boolean): Promise<Uint8Array | undefined> {
    const { headMs, keepAliveMs } = this.#options.limits;
    this.#options.waiting(this, true);
    try {
      if (!isFirst && this.#input.length === 0 && !await this.#within(keepAliveMs, this.#input.more())) {
        return undefined;
      }
      return await this.#within(headMs, this.#wholeHead());
    } finally {
      this.#options.waiting(this, false);
    }
  }

  /** Returns the next head; `undefined` at the end of the stream. */
  async #wholeHead(): Promise<Uint8Array | undefined> {
    for (;;) {
      const head = this.#input.takeHead();
      if (head !== undefined) return head;
      if (!await this.#input.more()) return undefined;
    }
  }

  async #exchange(head: RequestHead): Promise<boolean> {
    const body = new Body(this.#input, head.body);
    let isAnswered = false;
    let { expectsContinue } = head;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        if (expectsContinue && !isAnswered) await this.#write(CONTINUE);
        expectsContinue = false;
        const bytes = isAnswered ? undefined : await this.#part(body);
        if (bytes === undefined) controller.close();
        else controller.enqueue(bytes);
      },
    }, { highWaterMark: 0 });
    const { method, url, headers } = head;
    const hasBody = !body.isDone && method !== "GET" && method !== "HEAD";
    const { signal } = this.#closed;
    const request = new Request(url, { method, headers, body: hasBody ? stream : null, signal });
    try {
      const response = await this.#unlessClosed(this.#options.handle(request, this.#caller));
      isAnswered = true;
      // The rest of a body that no handler read would be parsed as the next request.
      const keepAlive = head.keepAlive && body.isDone;
      return await this.#respond(response, { method, isOld: head.isOld, keepAlive });
    } finally {
      isAnswered = true;
      this.#options.ended();
    }
  }

  /** Returns the next part of a body. @throws {RequestError} also where the client has left. */
  async #part(body: Body): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await this.#within(this.#options.limits.bodyMs, body.next());
    } catch (error) {
      throw error instanceof RequestError ? error : new RequestError(400, "the body ended early");
    }
  }

  /** Writes a response; returns whether the connection can go on. */
  async #respond(
    response: Response,
    { method, isOld, keepAlive }: { method: string; isOld: boolean; keepAlive: boolean },
  ): Promise<boolean> {
    const framing = framingOf(response, { method, isOld });
    const goesOn = keepAlive && framing !== "close";
    const reader = response.body?.getReader();
    // Rejects when the source has failed, which was reported where it was read.
    const cancel = (): void => void reader?.cancel().catch(() => {});
    const { signal } = this.#closed;
    signal.addEventListener("abort", cancel);
    const watch: Watch = { isReading: false, hasLeft: false, isOver: false, timer: undefined };
    try {
      signal.throwIfAborted();
      // Writing finds out whether the client of a response of known length has left; an endless one may write nothing.
      if (framing === "chunked" || framing === "close") void this.#watch(watch, cancel);
      const text = responseHead(response, { framing, keepAlive: goesOn, date: new Date() });
      await this.#write(ENCODER.encode(text));
      if (reader === undefined || framing === "none") return goesOn;
      const declared = framing === "length" ? Number(response.headers.get("content-length")) : undefined;
      let sent = 0;
      for (;;) {
        watch.isReading = true;
        const { done, value } = await this.#next(reader);
        watch.isReading = false;
        if (watch.hasLeft || signal.aborted) return false;
        if (done) break;
        sent += value.length;
        if (declared !== undefined && sent > declared) break;
        if (value.length > 0) await this.#writePart(value, framing === "chunked");
      }
      if (declared !== undefined && sent !== declared) {
        this.#options.defect(new Error(`response of ${sent} bytes with a content-length of ${declared}`));
        return false;
      }
      if (framing === "chunked") await this.#write(ENCODER.encode("0\r\n\r\n"));
      return goesOn;
    } finally {
      watch.isOver = true;
      clearInterval(watch.timer);
      signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  /** Reads the next part of a response. @throws when its source failed, which is a defect. */
  async #next(
    reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  ): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> {
    try {
      return await reader.read();
    } catch (error) {
      this.#options.defect(error);
      throw error;
    }
  }

  /** Cancels a response when its client leaves. A client that has sent FIN may still read the response. */
  async #watch(watch: Watch, cancel: () => void): Promise<void> {
    const left = (): void => {
      watch.hasLeft = true;
      cancel();
    };
    try {
      while (!watch.isOver && this.#input.length < MAX_AHEAD_BYTES) {
        if (await this.#input.more()) continue;
        if (watch.isOver) return;
        watch.timer = setInterval(() => watch.isReading && left(), AFTER_FIN_MS);
        return;
      }
    } catch {
      // Reset, or closed here.
      if (!watch.isOver) left();
    }
  }

  async #writePart(bytes: Uint8Array, chunked: boolean): Promise<void> {
    if (chunked) await this.#write(ENCODER.encode(`${bytes.length.toString(16)}\r\n`));
    await this.#write(bytes);
    if (chunked) await this.#write(ENCODER.encode("\r\n"));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      const part = bytes.subarray(sent, sent + WRITE_BYTES);
      sent += await this.#within(this.#options.limits.writeMs, this.#conn.write(part));
    }
  }

  /** Sends FIN and reads on for a moment: closing with unread bytes would discard data that the client has not read. */
  async #linger(): Promise<void> {
    await this.#conn.closeWrite();
    await this.#within(LINGER_MS, this.#discard());
  }

  async #discard(): Promise<void> {
    while (await this.#input.more()) this.#input.take(this.#input.length);
  }

  /** Waits; closes the connection after so long, which rejects whatever waits for it. */
  async #within<T>(ms: number, wait: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.close(), ms);
    try {
      return await wait;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for a handler, but no longer than the connection lasts. */
  #unlessClosed(answer: Promise<Response>): Promise<Response> {
    const { signal } = this.#closed;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort);
      answer.then((response) => {
        if (signal.aborted) response.body?.cancel().catch((error) => this.#options.defect(error));
        resolve(response);
      }, (error) => {
        this.#options.defect(error);
        reject(error);
      }).finally(() => signal.removeEventListener("abort", abort));
    });
  }
}
