/**
 * Notifies a service manager (sd_notify(3)): the proxy is ready, reloads, stops, is alive. Without one, or
 * without the permission to see its variables, nothing is loaded and nothing happens.
 *
 * @module
 */
import { errorMessage } from "../../base/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { DatagramSocket } from "../../net/mod.ts";

/** The program's notifications to a service manager; nothing here ever fails or waits. */
export interface ServiceManager extends AsyncDisposable {
  /** The proxy accepts connections. From here on it is watched, if the manager wants that; `alive` never rejects. */
  ready(status: string, alive: () => Promise<boolean>): void;
  /** A reload has begun. */
  reloading(): void;
  /** A reload has ended so. */
  reloaded(status: string): void;
  /** Another process is starting to take over. */
  upgrading(): void;
  /** Another process has taken over: it is the service from here on, and this one sends nothing more. */
  upgraded(pid: number): void;
  /** None has. */
  notUpgraded(reason: string): void;
  /** The proxy stops, which takes at most so long. */
  stopping(status: string, limitMs: number): void;
}

export interface ServiceManagerOptions {
  readonly log: Pick<Logger, "warning" | "error">;
  /** The process's variable of this name; default where the runtime allows to read it. */
  readonly variable?: (name: string) => string | undefined;
  /** Default a datagram socket. */
  readonly open?: (path: string) => DatagramSocket | Promise<DatagramSocket>;
  /** The system's monotonic clock in microseconds; default where the runtime can read it. */
  readonly monotonicUsec?: () => Promise<bigint | undefined>;
}

/** Added to the time that stopping takes, for sockets and logs to close. */
const STOP_SLACK_MS = 10_000;
/** The most messages that wait; a manager that takes none gets no signs of life that are long past. */
const MAX_PENDING = 16;

/** Opens the way to the service manager that has started the program. Never rejects. */
export async function openServiceManager(options: ServiceManagerOptions): Promise<ServiceManager> {
  const variable = options.variable ?? readVariable;
  const path = variable("NOTIFY_SOCKET");
  if (path === undefined || path === "" || Deno.build.os === "windows") return NO_SERVICE_MANAGER;
  const open = options.open ?? (async (path): Promise<DatagramSocket> => {
    const { openUnixDatagram } = await import("../../net/mod.ts");
    return openUnixDatagram(path);
  });
  try {
    return new Notifier(await open(path), { ...options, watchdogMs: watchdogMs(variable) });
  } catch (error) {
    options.log.warning("service manager: {path} cannot be used: {error}; not notified", {
      path,
      error: errorMessage(error),
    });
    return NO_SERVICE_MANAGER;
  }
}

/** Notifies nobody. */
export const NO_SERVICE_MANAGER: ServiceManager = {
  ready: () => {},
  reloading: () => {},
  reloaded: () => {},
  upgrading: () => {},
  upgraded: () => {},
  notUpgraded: () => {},
  stopping: () => {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

function readVariable(name: string): string | undefined {
  // Asked for without a prompt: the permission is optional.
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** How often the manager expects a sign of life; `undefined` for never, or from another process. */
function watchdogMs(variable: (name: string) => string | undefined): number | undefined {
  const [usec, pid] = [variable("WATCHDOG_USEC"), variable("WATCHDOG_PID")];
  if (usec === undefined || !/^[1-9]\d{0,15}$/.test(usec)) return undefined;
  return pid === undefined || pid === String(Deno.pid) ? Number(usec) / 1000 : undefined;
}

class Notifier implements ServiceManager {
  readonly #socket: DatagramSocket;
  readonly #options: ServiceManagerOptions & { readonly watchdogMs: number | undefined };
  /** What is being sent, and what follows. */
  #sent: Promise<void> = Promise.resolve();
  #pending = 0;
  #reloads = 0;
  #hasFailed = false;
  #isStopping = false;
  #isReplaced = false;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #isAsking = false;
  #isAlive = true;

  constructor(
    socket: DatagramSocket,
    options: ServiceManagerOptions & { readonly watchdogMs: number | undefined },
  ) {
    this.#socket = socket;
    this.#options = options;
  }

  ready(status: string, alive: () => Promise<boolean>): void {
    this.#send(`READY=1\nSTATUS=${oneLine(status)}`);
    const { watchdogMs } = this.#options;
    if (watchdogMs === undefined) return;
    this.#watchdog = setInterval(() => void this.#showLife(alive), watchdogMs / 2);
    void this.#showLife(alive);
  }

  reloading(): void {
    this.#begin("reloading");
  }

  reloaded(status: string): void {
    if (--this.#reloads > 0 || this.#isStopping) return;
    this.#send(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  upgrading(): void {
    this.#begin("upgrading");
  }

  upgraded(pid: number): void {
    this.#reloads--;
    clearInterval(this.#watchdog);
    // READY=1 is the new process's to say: the manager takes it from the main process alone.
    this.#send(`MAINPID=${pid}\nSTATUS=process ${pid} takes over`);
    this.#isReplaced = true;
  }

  notUpgraded(reason: string): void {
    this.reloaded(`running, the last upgrade failed: ${reason}`);
  }

  stopping(status: string, limitMs: number): void {
    this.#isStopping = true;
    // A drain may last longer than the manager would wait by itself.
    const usec = Math.ceil((limitMs + STOP_SLACK_MS) * 1000);
    this.#send(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${usec}\nSTATUS=${oneLine(status)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watchdog);
    // A manager that takes nothing holds up no end.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, 500));
    await Promise.race([this.#sent, late]);
    clearTimeout(timer);
    this.#socket.close();
  }

  /** That the timer runs shows that this thread is alive. */
  async #showLife(alive: () => Promise<boolean>): Promise<void> {
    if (this.#isAsking || this.#pending >= MAX_PENDING) return;
    this.#isAsking = true;
    const wasAlive = this.#isAlive;
    this.#isAlive = await alive();
    this.#isAsking = false;
    if (this.#isAlive) this.#send("WATCHDOG=1");
    else if (wasAlive) {
      this.#options.log.error(
        "service manager: no sign of life: a thread does not answer, or does not accept",
      );
    }
  }

  #begin(what: string): void {
    if (++this.#reloads > 1 || this.#isStopping) return;
    const { monotonicUsec } = this.#options;
    this.#queue(async () => {
      const now = await (monotonicUsec ?? readMonotonicUsec)();
      return `RELOADING=1\nSTATUS=${what}${now === undefined ? "" : `\nMONOTONIC_USEC=${now}`}`;
    });
  }

  #send(message: string): void {
    if (this.#isReplaced) return;
    this.#queue(() => Promise.resolve(message));
  }

  #queue(message: () => Promise<string>): void {
    this.#pending++;
    this.#sent = this.#sent.then(async () => {
      try {
        await this.#socket.send(new TextEncoder().encode(await message()));
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed) {
          this.#options.log.warning("service manager: it takes no message: {error}", {
            error: errorMessage(error),
          });
        }
        this.#hasFailed = true;
      }
      this.#pending--;
    });
  }
}

/** A status that sets no other field. */
function oneLine(status: string): string {
  return status.replace(/\s+/g, " ");
}

async function readMonotonicUsec(): Promise<bigint | undefined> {
  const { monotonicMicroseconds } = await import("../../runtime/mod.ts");
  return await monotonicMicroseconds();
}
