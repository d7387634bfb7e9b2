import { errorMessage } from "../../base/mod.ts";
import type { NativeProcess, NativeTransport } from "../../net/mod.ts";
import { StartError } from "../../proxy/mod.ts";
import { LineChannel } from "./channel.ts";
import { channelOf, UPGRADE_VARIABLE } from "./upgrade_variable.ts";
import { type Hello, MessageError, readToSuccessor } from "./messages.ts";

/** How long the process before may take to say what it hands over. */
const HELLO_LIMIT_MS = 10_000;

/** How long it may take to stop accepting; then this one goes on all the same. */
const RELEASE_LIMIT_MS = 10_000;

/** The process that this one takes over from. */
export class Predecessor {
  readonly hello: Hello;
  readonly #channel: LineChannel;
  readonly #released = Promise.withResolvers<void>();

  constructor(channel: LineChannel, hello: Hello) {
    this.#channel = channel;
    this.hello = hello;
  }

  /** Resolves when that process accepts nothing more, or has ended. Never rejects. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** Says that this process accepts; resolves when the other one no longer does. Never rejects. */
  async takeOver(version: string, taken: readonly string[]): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, RELEASE_LIMIT_MS));
    try {
      await this.#channel.send({ kind: "ready", version, taken });
      const line = this.#channel.next();
      // Read on where it comes too late.
      line.catch(() => {});
      await Promise.race([line, late]);
    } catch {
      // It has ended: nobody else accepts.
    }
    clearTimeout(timer);
    this.#released.resolve();
    this.#channel.close();
  }

  /** Says why this process cannot take over. Never rejects. */
  async fail(reason: string): Promise<void> {
    this.#released.resolve();
    // A process that has ended needs no reason.
    await this.#channel.send({ kind: "failed", reason }).catch(() => {});
    this.#channel.close();
  }
}

/**
 * Joins the process that has started this one as its successor; `undefined` where none has.
 *
 * @throws {StartError} when it does not say what it hands over, or this version of the program cannot read it.
 */
export async function joinPredecessor(
  process: NativeProcess,
  transport: NativeTransport,
): Promise<Predecessor | undefined> {
  const fd = channelOf(process.variable(UPGRADE_VARIABLE));
  process.removeVariable(UPGRADE_VARIABLE);
  if (fd === undefined) return undefined;
  const channel = new LineChannel(transport.adopt(fd));
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<undefined>((resolve) =>
      timer = setTimeout(() => resolve(undefined), HELLO_LIMIT_MS)
    );
    const next = channel.next();
    next.catch(() => {});
    const line = await Promise.race([next, late]);
    if (line === undefined) throw new MessageError("the running process says nothing");
    const hello = readToSuccessor(line);
    if (hello.kind !== "hello") throw new MessageError("the running process begins with another message");
    return new Predecessor(channel, hello);
  } catch (error) {
    const reason = `take over from the running process: ${errorMessage(error)}`;
    await channel.send({ kind: "failed", reason }).catch(() => {});
    channel.close();
    throw new StartError(reason, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
