import { processes, type ProcessStat, processTree } from "./proc.ts";

/** How long a program may take to end after SIGTERM before it is killed. */
const TERM_GRACE_MS = 2_000;

/** How much of the end of stderr is kept for a message. */
const STDERR_TAIL_CHARS = 1_000;

/** A program that the bench has started, and all that it starts in turn. Its holder calls {@link Child.stop}. */
export class Child {
  readonly name: string;
  readonly pid: number;
  readonly #process: Deno.ChildProcess;
  readonly #stderrRead: Promise<void>;
  readonly #onStopped: () => void;
  #stderrTail = "";
  #status: Deno.CommandStatus | undefined;

  constructor(name: string, process: Deno.ChildProcess, onStopped: () => void) {
    this.name = name;
    this.pid = process.pid;
    this.#process = process;
    this.#onStopped = onStopped;
    this.#stderrRead = this.#readStderr();
    process.status.then((status) => this.#status = status);
  }

  /** Whether the program itself has ended. */
  get ended(): boolean {
    return this.#status !== undefined;
  }

  /** How it ended and the last that it wrote to stderr, for a message. */
  get lastWords(): string {
    const { signal = null, code = 0 } = this.#status ?? {};
    const how = signal === null ? `exit code ${code}` : signal;
    return `${how}: ${this.#stderrTail.trim().replace(/\s+/g, " ") || "nothing on stderr"}`;
  }

  /** Ends it and its descendants: SIGTERM first, SIGKILL for what is left after two seconds. Idempotent. */
  async stop(): Promise<void> {
    const tree = processTree([this.pid]);
    if (!this.ended) signal(this.pid, "SIGTERM");
    const timer = setTimeout(() => killProcesses(tree), TERM_GRACE_MS);
    await this.#process.status;
    clearTimeout(timer);
    // A master takes its workers along; one process a connection (socat) outlives its parent.
    killProcesses(tree);
    await this.#stderrRead;
    this.#onStopped();
  }

  async #readStderr(): Promise<void> {
    const text = this.#process.stderr.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      this.#stderrTail = (this.#stderrTail + chunk).slice(-STDERR_TAIL_CHARS);
    }
  }
}

/** Kills those that still live, at once. */
export function killProcesses(list: readonly ProcessStat[]): void {
  const alive = new Map(processes().map((each) => [each.pid, each.startTicks]));
  // A process number may have been given to a stranger meanwhile.
  for (const each of list) if (alive.get(each.pid) === each.startTicks) signal(each.pid, "SIGKILL");
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    // It ended by itself in the meantime, as it should.
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}
