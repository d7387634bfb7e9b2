import { freePort } from "../helpers/free_ports.ts";
import { programCommand } from "../helpers/programs/program.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { until } from "../helpers/until.ts";
import type { ConsoleStep } from "./console_block.ts";
import { matchesLine } from "./expected_line.ts";

/** A page's commands printed something else than it says. */
export class ConsoleError extends Error {
  override readonly name = "ConsoleError";
}

/** Stands behind the output of each command, with its exit code. */
const MARK = "\u0001done";

/**
 * A shell in a folder of its own with the program on its PATH. The ports that a page uses are replaced by free ones,
 * so that pages and other tests run side by side.
 */
export class ConsoleSession implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  readonly #ports: ReadonlyMap<string, string>;
  readonly #shell: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  #output = "";
  #hasEnded = false;
  #hasBackground = false;
  /** How much of what runs in the background has been matched. */
  #seen = 0;

  private constructor(ports: readonly string[]) {
    this.#ports = new Map(ports.map((port) => [port, String(freePort())]));
    this.#shell = new Deno.Command("bash", {
      args: ["--norc", "--noprofile"],
      cwd: this.#folder.path,
      env: {
        PATH: `${this.#folder.path}/.bin:${Deno.env.get("PATH") ?? ""}:/usr/sbin`,
        NO_COLOR: "1",
        LC_ALL: "C.UTF-8",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#shell.stdin.getWriter();
    this.#reading = this.#collect();
  }

  /** Starts a shell; `ports` are those that the page names. */
  static async start(ports: readonly string[]): Promise<ConsoleSession> {
    const session = new ConsoleSession(ports);
    const folder = session.#folder;
    await Deno.mkdir(folder.file(".bin"));
    await folder.write(".background", "");
    const script = await folder.write(".bin/tcpproxy", `#!/bin/sh\nexec ${programCommand()} "$@"\n`);
    await Deno.chmod(script, 0o755);
    await session.#send("exec 2>&1");
    return session;
  }

  /** Puts a file of the page into the folder. */
  async write(name: string, text: string): Promise<void> {
    await this.#folder.write(name, this.#withPorts(text));
  }

  /**
   * Runs a command and compares what it, and what runs in the background, prints.
   *
   * @throws {ConsoleError} when that is not what the page says.
   */
  async run({ command, expected }: ConsoleStep): Promise<void> {
    const isBackground = /&\s*$/.test(command);
    this.#hasBackground ||= isBackground;
    const own = this.#withPorts(command).replace(/&\s*$/, ">> .background 2>&1 &");
    const printed = await this.#execute(own);
    const lines = isBackground || printed === "" ? [] : printed.replace(/\n$/, "").split("\n");
    for (const line of expected.map((line) => this.#withPorts(line))) {
      const next = lines[0];
      if (next !== undefined && matchesLine(line, next)) lines.shift();
      else await this.#seeInBackground(line, { command, printed });
    }
    if (lines.length === 0) return;
    throw new ConsoleError(`$ ${command}\nprints also:\n${lines.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#send("jobs -p | xargs -r kill -9\nexit");
    await this.#input.close();
    await this.#reading;
    await this.#shell.status;
    await this.#folder[Symbol.asyncDispose]();
  }

  async #execute(command: string): Promise<string> {
    this.#output = "";
    await this.#send(`{ ${command}\n} < /dev/null\nprintf '${MARK} %s\\n' $?`);
    await until(() => this.#output.includes(MARK) || this.#hasEnded);
    const [printed = ""] = this.#output.split(MARK);
    return printed;
  }

  async #seeInBackground(
    line: string,
    { command, printed }: { readonly command: string; readonly printed: string },
  ): Promise<void> {
    if (!this.#hasBackground) {
      throw new ConsoleError(`$ ${command}\nnever prints:\n${line}\nit prints:\n${printed}`);
    }
    let text = "";
    const isThere = (): boolean => {
      text = Deno.readTextFileSync(this.#folder.file(".background"));
      const lines = text.split("\n").slice(0, -1);
      const at = lines.findIndex((each, index) => index >= this.#seen && matchesLine(line, each));
      if (at === -1) return false;
      this.#seen = at + 1;
      return true;
    };
    try {
      await until(isThere);
    } catch (error) {
      const seen = `$ ${command}\nnever prints:\n${line}\nit prints:\n${printed}in the background:\n${text}`;
      throw new ConsoleError(seen, { cause: error });
    }
  }

  #withPorts(text: string): string {
    return text.replaceAll(/\b\d{2,5}\b/g, (number) => this.#ports.get(number) ?? number);
  }

  async #send(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${text}\n`));
  }

  async #collect(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.#shell.stdout) this.#output += decoder.decode(bytes, { stream: true });
    this.#hasEnded = true;
  }
}
