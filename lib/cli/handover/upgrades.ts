import { errorMessage, formatAddress } from "../../base/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { PassedSocket } from "../../net/mod.ts";
import type { HandOver } from "../../workers/mod.ts";
import { PROTOCOL } from "./messages.ts";
import type { NativeStart } from "./native_start.ts";
import { startSuccessor, type Successor } from "./successor.ts";

/** What came of an upgrade. */
export type UpgradeResult =
  | { readonly kind: "done"; readonly pid: number; readonly version: string }
  | { readonly kind: "refused"; readonly reason: string };

/** A running proxy that another process can take over from. */
export interface Replaceable {
  readonly native: NativeStart;
  handOver(): HandOver;
  /** The sockets of the admin API. */
  adminSockets(): readonly PassedSocket[];
  /** Why it cannot be replaced at this moment; `undefined` if it can. Otherwise nothing changes until `release`. */
  hold(): { readonly problem: string } | { readonly problem: undefined; release(): void };
  /** Puts unix sockets back in place that a process which did not come up has replaced. */
  repair(): Promise<void>;
}

export interface UpgradesOptions {
  readonly log: Logger;
  /** Called when an upgrade begins, and with how it ends. */
  readonly manager: {
    upgrading(): void;
    upgraded(pid: number): void;
    notUpgraded(reason: string): void;
  };
  /** How long a new process may take to be ready; default 60 s. */
  readonly limitMs?: number;
  /** The words that the new process is started with; default those of this one. */
  readonly words?: readonly string[];
}

const LIMIT_MS = 60_000;

/** Replaces this process by another one of the same command line, at most once. */
export class Upgrades {
  readonly #options: UpgradesOptions;
  readonly #replaced = Promise.withResolvers<Successor>();
  #running: Replaceable | string = "the proxy has not started yet; try again";
  #isUnderWay = false;

  constructor(options: UpgradesOptions) {
    this.#options = options;
  }

  /** Takes the running proxy, or why it cannot be replaced. */
  attach(running: Replaceable | string): void {
    this.#running = running;
  }

  /** Resolves when another process accepts in place of this one. */
  get replaced(): Promise<Successor> {
    return this.#replaced.promise;
  }

  /** Starts another process, which takes over; logs what came of it. Never rejects. */
  async request(trigger: string): Promise<UpgradeResult> {
    const { log, manager } = this.#options;
    if (this.#isUnderWay) return this.#refuse(trigger, "another upgrade is under way; wait for its end");
    const running = this.#running;
    if (typeof running === "string") {
      // Nothing has failed: upgrades are not available here.
      log.info("upgrade ({trigger}): not possible: {reason}", { trigger, reason: running });
      return { kind: "refused", reason: running };
    }
    const held = running.hold();
    if (held.problem !== undefined) return this.#refuse(trigger, held.problem);
    this.#isUnderWay = true;
    manager.upgrading();
    try {
      const result = await this.#start(running, trigger);
      if (result.kind === "failed") {
        if (running.handOver().paths.length > 0) await running.repair();
        this.#isUnderWay = false;
        held.release();
        manager.notUpgraded(result.reason);
        return this.#refuse(trigger, result.reason);
      }
      const { pid, version } = result;
      log.info("upgrade ({trigger}): process {pid}, tcpproxy {version}, has taken over", {
        trigger,
        pid,
        version,
      });
      manager.upgraded(pid);
      this.#running = "the proxy is draining; ask the process that has taken over";
      this.#replaced.resolve(result);
      return { kind: "done", pid, version };
    } catch (error) {
      // A defect; the proxy serves on.
      this.#isUnderWay = false;
      held.release();
      manager.notUpgraded(errorMessage(error));
      return this.#refuse(trigger, errorMessage(error));
    }
  }

  async #start(running: Replaceable, trigger: string): ReturnType<typeof startSuccessor> {
    const { log, limitMs = LIMIT_MS } = this.#options;
    const { native } = running;
    const { sockets, paths, apps } = running.handOver();
    const passed = new Map<string, { readonly fd: number; readonly name: string | null }>();
    for (const { address, handle } of [...sockets, ...running.adminSockets()]) {
      passed.set(formatAddress(address), { fd: handle.fd, name: null });
    }
    // Those of a service manager keep their names, also where nothing listens on them.
    for (const { address, handle, name = null } of native.sockets.list()) {
      passed.set(formatAddress(address), { fd: handle.fd, name });
    }
    const words = this.#options.words ?? native.process.commandLine();
    return await startSuccessor({
      process: native.process,
      transport: native.control.transport,
      words,
      descriptors: [...passed.values()].map(({ fd }) => fd),
      hello: {
        kind: "hello",
        protocol: PROTOCOL,
        pid: Deno.pid,
        sockets: [...passed].map(([address, { name }]) => ({ address, name })),
        paths,
        apps,
      },
      limitMs,
      onStarted: (pid) =>
        log.info("upgrade ({trigger}): started process {pid}: {program}", {
          trigger,
          pid,
          program: words[0] ?? "",
        }),
    });
  }

  #refuse(trigger: string, reason: string): UpgradeResult {
    this.#options.log.error("upgrade ({trigger}) failed, nothing has changed: {reason}", { trigger, reason });
    return { kind: "refused", reason };
  }
}
