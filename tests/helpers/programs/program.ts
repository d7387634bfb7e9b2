/**
 * The program as a process: `deno run main.ts`, or the binary that `TCPPROXY_BIN` names.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { runCli } from "../../../lib/cli/mod.ts";
import { CapturedIo } from "../fakes/captured_io.ts";

/** The binary under test; `undefined` when it is the source. */
export const BINARY: string | undefined = Deno.env.get("TCPPROXY_BIN");

/** The engine that proxies serve with whose test names none: `native`, or what a user gets. */
const ENGINE: string | undefined = Deno.env.get("TCPPROXY_TEST_ENGINE");

/** What the compiled program may do, and `deno task start` too. */
export const ALL_PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"] as const;

/** Those with the native engine. */
export const NATIVE_PERMISSIONS = [...ALL_PERMISSIONS, "--allow-ffi"] as const;

export interface ProgramOptions {
  /** Flags of `deno run`; default {@link ALL_PERMISSIONS}. A binary has its own, and takes none. */
  readonly permissions?: readonly string[];
  /** Default the test's own. */
  readonly cwd?: string;
  /** Variables that it has beside those of the test. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Shell words that stand before the program: `ulimit -n 64;`. */
  readonly shell?: string;
  /** A program that runs it, and its words: `ip netns exec NAME`. */
  readonly runner?: readonly string[];
}

/** How long anything may take to show up. */
const PATIENCE_MS = 60_000;

/** A running program. Disposing of it ends it if it still runs. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #drained: Promise<unknown>;
  readonly #readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  readonly #waiting = new Set<() => void>();
  #ended = false;
  stdout = "";
  stderr = "";
  /** The exit code, when it has ended and all that it wrote is here. */
  readonly code: Promise<number>;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#drained = Promise.all([
      this.#collect(child.stdout, (text) => this.stdout += text),
      this.#collect(child.stderr, (text) => this.stderr += text),
    ]);
    this.code = this.#end();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves when stdout or stderr holds `text`, so many times. */
  async waitFor(text: string, times = 1): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (count(this.stdout, text) + count(this.stderr, text) >= times) resolve();
      else if (this.#ended) reject(this.#failure(`it ended without "${text}"`));
    };
    const timer = setTimeout(() => reject(this.#failure(`it never said "${text}"`)), PATIENCE_MS);
    this.#waiting.add(look);
    try {
      look();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  /** Resolves when the proxy accepts connections. */
  ready(): Promise<void> {
    return this.waitFor("listening on ");
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Sends SIGTERM and gives the exit code. */
  stop(): Promise<number> {
    this.signal("SIGTERM");
    return this.code;
  }

  /** Closes the pipes that its stdout and stderr go to. */
  async stopReading(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.cancel()));
  }

  /** The lines of stdout: results, and the access log. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.code;
  }

  async #end(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#drained;
    this.#ended = true;
    for (const look of this.#waiting) look();
    return code;
  }

  async #collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    this.#readers.push(reader);
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      take(decoder.decode(read.value, { stream: true }));
      for (const look of this.#waiting) look();
    }
  }

  #failure(what: string): Error {
    return new Error(`program: ${what}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`);
  }
}

/** Starts the program with these words after its name. The caller disposes of it. */
export function program(words: readonly string[], options: ProgramOptions = {}): Program {
  const { runner = [] } = options;
  const own = programWords(options.permissions ?? ALL_PERMISSIONS);
  const command = [...runner, ...own, ...withEngine(words)];
  const [executable = "", ...rest] = options.shell === undefined
    ? command
    : ["sh", "-c", `${options.shell} exec ${command.map(quoteWord).join(" ")}`];
  const child = new Deno.Command(executable, {
    args: rest,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.environment === undefined ? {} : { env: options.environment }),
  }).spawn();
  return new Program(child);
}

/** What a program wrote until it ended by itself. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. */
export async function runProgram(
  words: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  await using running = program(words, options);
  const code = await running.code;
  return { code, stdout: running.stdout, stderr: running.stderr };
}

/**
 * Runs a command in this process, which takes a tenth of the time of another one; a binary under test is still run. For
 * commands of which only the words, the files and what they answer count.
 */
export async function runCommand(words: readonly string[]): Promise<ProgramResult> {
  if (BINARY !== undefined) return await runProgram(words);
  const io = new CapturedIo();
  const code = await runCli(words, io);
  return { code, stdout: io.printed, stderr: io.complaints };
}

/** The version of Deno that the program runs on: a binary has its own. */
export function programRuntime(): string {
  if (BINARY === undefined) return Deno.version.deno;
  const { stdout } = new Deno.Command(BINARY, { args: ["version", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).deno;
}

/** The program as a shell command, to which words are added: for a terminal. Has no single quotes in it. */
export function programCommand(
  permissions: readonly string[] = [...ALL_PERMISSIONS, "--allow-env=TERM"],
): string {
  return programWords(permissions).join(" ");
}

function programWords(permissions: readonly string[]): string[] {
  if (BINARY !== undefined) return [BINARY];
  const main = fileURLToPath(new URL("../../../main.ts", import.meta.url));
  const ffi = ENGINE === "native" ? ["--allow-ffi"] : [];
  return [Deno.execPath(), "run", "--quiet", "--no-prompt", ...permissions, ...ffi, main];
}

/** Adds {@link ENGINE} to the words of the command that runs a proxy, which may go without its name. */
function withEngine(words: readonly string[]): readonly string[] {
  const isRun = words[0] === "run" || words[0]?.startsWith("-c") === true;
  return ENGINE === undefined || !isRun || words.includes("--engine")
    ? words
    : [...words, "--engine", ENGINE];
}

/** A word as a shell takes it. */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
