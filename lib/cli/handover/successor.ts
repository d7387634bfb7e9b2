import { errorCode, errorMessage } from "../../base/mod.ts";
import type { NativeProcess, NativeTransport, ProgramEnd } from "../../net/mod.ts";
import { ACTIVATION_VARIABLES } from "./activation.ts";
import { LineChannel } from "./channel.ts";
import { type Hello, MessageError, readFromSuccessor } from "./messages.ts";
import { UPGRADE_VARIABLE } from "./upgrade_variable.ts";

/** What starts a successor, and what it is given. */
export interface SuccessorOptions {
  readonly process: NativeProcess;
  readonly transport: NativeTransport;
  /** The words of its command line. */
  readonly words: readonly string[];
  /** The descriptors of its sockets, in the order of those of `hello`. */
  readonly descriptors: readonly number[];
  /** Its first message, whose sockets have no descriptor yet. */
  readonly hello: Omit<Hello, "sockets"> & {
    readonly sockets: readonly Omit<Hello["sockets"][number], "fd">[];
  };
  /** How long it may take to be ready. */
  readonly limitMs: number;
  /** Called when it runs, before it is ready. */
  onStarted?(pid: number): void;
}

/** A process that accepts in place of this one. */
export interface Successor {
  readonly kind: "ready";
  readonly pid: number;
  readonly version: string;
  /** The addresses of the sockets that it accepts on. */
  readonly taken: readonly string[];
  /** Tells it that this process accepts nothing more. Never rejects. */
  release(): Promise<void>;
  /** Lets go of it. Idempotent. */
  close(): void;
}

/** Why there is no successor. It has ended. */
export interface SuccessorFailure {
  readonly kind: "failed";
  readonly reason: string;
}

/** The program finds its end of the channel, then its sockets (`posix_spawn` gives the first one after stderr). */
const CHANNEL = 3;

/** How long a program may take to end after SIGTERM, before SIGKILL. */
const END_LIMIT_MS = 3000;

const LOOK_MS = 10;

/** Starts a program that takes over from this process, and waits until it is ready. Never rejects. */
export async function startSuccessor(options: SuccessorOptions): Promise<Successor | SuccessorFailure> {
  const { process, transport, words, descriptors, hello, limitMs } = options;
  let pid: number;
  let channel: LineChannel;
  try {
    const [near, far] = process.socketPair();
    try {
      pid = process.spawn({ words, descriptors: [far, ...descriptors], variables: variables() });
    } catch (error) {
      process.closeDescriptor(near);
      throw error;
    } finally {
      process.closeDescriptor(far);
    }
    channel = new LineChannel(transport.adopt(near));
  } catch (error) {
    return failure(`start ${words[0]}: ${spawnProblem(error)}`);
  }
  options.onStarted?.(pid);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), limitMs));
  const answer = (async (): Promise<string | undefined> => {
    await channel.send({
      ...hello,
      sockets: hello.sockets.map((each, at) => ({ ...each, fd: CHANNEL + 1 + at })),
    });
    return await channel.next();
  })();
  try {
    const line = await Promise.race([answer, late]);
    if (line === "late") {
      answer.catch(() => {});
      return await giveUp(`the new process was not ready within ${limitMs / 1000} s`);
    }
    if (line === undefined) return failure(endText(await endOf(process, pid)));
    const message = readFromSuccessor(line);
    if (message.kind === "failed") return await giveUp(message.reason);
    const { version, taken } = message;
    return {
      kind: "ready",
      pid,
      version,
      taken,
      // One that is gone by now needs no more.
      release: () => channel.send({ kind: "released" }).catch(() => {}),
      close: () => channel.close(),
    };
  } catch (error) {
    if (error instanceof MessageError) {
      return await giveUp(`the new process is no tcpproxy: ${error.message}`);
    }
    // It ended while it got its message.
    return failure(endText(await endOf(process, pid)));
  } finally {
    clearTimeout(timer);
  }

  async function giveUp(reason: string): Promise<SuccessorFailure> {
    await endOf(process, pid, { orderMs: 0 });
    return failure(reason);
  }

  function failure(reason: string): SuccessorFailure {
    channel?.close();
    return { kind: "failed", reason };
  }
}

/** Waits for the end of a program; sends SIGTERM after `orderMs`, and SIGKILL later. */
async function endOf(
  process: NativeProcess,
  pid: number,
  { orderMs = END_LIMIT_MS }: { readonly orderMs?: number } = {},
): Promise<ProgramEnd | undefined> {
  const startMs = performance.now();
  let orders: "none" | "gently" | "at once" = "none";
  for (;;) {
    const end = process.endOf(pid);
    if (end !== undefined) return end;
    const elapsedMs = performance.now() - startMs;
    if (orders === "none" && elapsedMs >= orderMs) process.kill(pid, orders = "gently");
    if (orders === "gently" && elapsedMs >= orderMs + END_LIMIT_MS) process.kill(pid, orders = "at once");
    // Killed and still there: it hangs in the kernel.
    if (elapsedMs >= orderMs + 2 * END_LIMIT_MS) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function variables(): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(ACTIVATION_VARIABLES.map((name) => [name, undefined])),
    // Without it, the main process is watched.
    WATCHDOG_PID: undefined,
    [UPGRADE_VARIABLE]: `${Deno.pid}:${CHANNEL}`,
  };
}

function spawnProblem(error: unknown): string {
  const code = errorCode(error);
  const hint = code === "ENOENT" || code === "EACCES" || code === "ENOEXEC"
    ? "; put the program back at the path that this process was started with"
    : "";
  return `${errorMessage(error)}${hint}`;
}

function endText(end: ProgramEnd | undefined): string {
  if (end === undefined) return "the new process hangs";
  const how = end.kind === "exited"
    ? `ended with exit code ${end.code}`
    : `was ended by signal ${end.signal}`;
  return `the new process ${how} before it was ready; its own messages are in the log`;
}
