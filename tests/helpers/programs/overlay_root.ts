/**
 * A copy of this machine's file system that a test may change: an overlay in a mount namespace of its own, in which
 * commands run with chroot. Nothing of it reaches the machine, but the network is shared.
 *
 * @module
 */
import { missingTools } from "./tools.ts";

/** What a command in an {@link OverlayRoot} said. */
export interface OverlayResult {
  readonly code: number;
  /** Stdout and stderr. */
  readonly text: string;
}

const MOUNT = `set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
chroot "$1/root" true
echo mounted
# Lives until its stdin is closed.
cat`;

/** The arguments of `unshare` that mount an overlay in a folder. */
function unshared(folder: string): string[] {
  return ["--mount", "--propagation", "private", "sh", "-c", MOUNT, "sh", folder];
}

/** See the module. Disposing of it ends its namespace, and the overlay with it; commands in it have to have ended. */
export class OverlayRoot implements AsyncDisposable {
  readonly #holder: Deno.ChildProcess;
  readonly #folder: string;

  private constructor(holder: Deno.ChildProcess, folder: string) {
    this.#holder = holder;
    this.#folder = folder;
  }

  static async open(): Promise<OverlayRoot> {
    const folder = await Deno.makeTempDir({ prefix: "overlay-" });
    const holder = new Deno.Command("unshare", {
      args: unshared(folder),
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = holder.stdout.getReader();
    const { value = new Uint8Array() } = await reader.read();
    reader.releaseLock();
    const root = new OverlayRoot(holder, folder);
    if (new TextDecoder().decode(value) === "mounted\n") return root;
    await root[Symbol.asyncDispose]();
    throw new Error(`open overlay: the file system cannot be mounted in ${folder}`);
  }

  /** The words that make a command run in it: to be put before it. */
  get prefix(): readonly string[] {
    return ["nsenter", `--mount=/proc/${this.#holder.pid}/ns/mnt`, "chroot", `${this.#folder}/root`];
  }

  /** Runs a command in it to its end. */
  async run(...command: readonly string[]): Promise<OverlayResult> {
    const [first = "", ...rest] = [...this.prefix, ...command];
    const env = { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
    const { code, stdout, stderr } = await new Deno.Command(first, { args: rest, env, stdin: "null" })
      .output();
    const decoder = new TextDecoder();
    return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
  }

  /** Writes a file in it. */
  async write(path: string, text: string): Promise<void> {
    const { code, text: said } = await this.run("sh", "-c", 'printf %s "$2" >"$1"', "sh", path, text);
    if (code !== 0) throw new Error(`write ${path} in the overlay: ${said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder.stdin.close();
    await this.#holder.stdout.cancel();
    await this.#holder.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function findObstacle(): string | undefined {
  if (Deno.build.os !== "linux") return "no Linux";
  if (Deno.uid() !== 0) return "not root";
  const missing = missingTools("unshare", "nsenter", "chroot", "mount");
  if (missing.length > 0) return `missing: ${missing.join()}`;
  const folder = Deno.makeTempDirSync({ prefix: "overlay-" });
  try {
    // Without a stdin it ends at once.
    const { success } = new Deno.Command("unshare", { args: unshared(folder), stdin: "null" }).outputSync();
    return success ? undefined : "no overlay in a mount namespace";
  } finally {
    Deno.removeSync(folder);
  }
}

/** Why there can be no overlay on this machine; `undefined` if there can. */
export const overlayObstacle: string | undefined = findObstacle();
