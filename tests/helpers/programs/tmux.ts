import { TemporaryFolder } from "../temporary_folder.ts";

/** How long anything may take to show up. */
const PATIENCE_MS = 30_000;

export interface TmuxOptions {
  readonly columns: number;
  readonly rows: number;
  /** Added to the environment that a terminal's user has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A program in a real terminal: tmux, which is driven with keys and asked what it shows. Disposing of it ends both. */
export class Tmux implements AsyncDisposable {
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  /** Runs a shell command in a new terminal. */
  static async start(command: string, { columns, rows, env = {} }: TmuxOptions): Promise<Tmux> {
    const tmux = new Tmux(new TemporaryFolder());
    const size = ["-x", String(columns), "-y", String(rows)];
    // Tests are run without colours; a terminal's user is not.
    const clean = env.NO_COLOR === undefined ? "-u NO_COLOR" : "";
    const given = Object.entries(env).map(([key, value]) => `${key}='${value}'`).join(" ");
    await tmux.#run("-f", "/dev/null", "new-session", "-d", ...size, `exec env ${clean} ${given} ${command}`);
    return tmux;
  }

  /** Presses keys by the names that tmux has for them: `Down`, `C-c`, `q`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#run("send-keys", ...keys);
  }

  /** Types a text. */
  async type(text: string): Promise<void> {
    await this.#run("send-keys", "-l", text);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What it shows. With `isStyled` also the sequences that style it. */
  async screen({ isStyled = false } = {}): Promise<string> {
    return await this.#run("capture-pane", "-p", ...(isStyled ? ["-e"] : []));
  }

  /** What tmux knows of the terminal: `#{alternate_on}`, `#{cursor_flag}`, `#{pane_pid}`. */
  async fact(format: string): Promise<string> {
    return (await this.#run("display-message", "-p", format)).trim();
  }

  /** Resolves with what it shows, once that is so. */
  async waitFor(isSo: (screen: string) => boolean | Promise<boolean>): Promise<string> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const screen = await this.screen();
      if (await isSo(screen)) return screen;
      if (performance.now() > end) throw new Error(`tmux: it never came to that; it shows:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#run("kill-server");
    } catch (error) {
      // It ends by itself with its last program.
      if (!(error instanceof Error) || !/no server|error connecting|lost server/.test(error.message)) {
        throw error;
      }
    }
    await this.#folder[Symbol.asyncDispose]();
  }

  async #run(...args: readonly string[]): Promise<string> {
    const command = new Deno.Command("tmux", {
      args: ["-S", this.#folder.file("tmux"), ...args],
      env: { TERM: "xterm-256color", LC_ALL: "C.UTF-8" },
      stdin: "null",
    });
    const { success, stdout, stderr } = await command.output();
    if (!success) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr).trim()}`);
    return new TextDecoder().decode(stdout);
  }
}
