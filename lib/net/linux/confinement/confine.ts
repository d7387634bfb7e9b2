import { errorMessage, isResourceExhaustion } from "../../../base/mod.ts";
import type { Confinement, ConfinementOptions } from "../../transport.ts";
import { SystemError } from "../calls/errno.ts";
import type { Allocation, Libc } from "../calls/libc.ts";
import { encodeProgram, type Instruction } from "./bpf.ts";
import { callFilter, lastFilter } from "./call_filter.ts";
import { IdleThreads } from "./idle_threads.ts";
import {
  LANDLOCK_CREATE_RULESET_VERSION,
  LANDLOCK_RULE_NET_PORT,
  limitsPorts,
  portRules,
  rulesetAttributes,
} from "./landlock.ts";
import { callNumber, type Machine, type SystemCall } from "./system_calls.ts";

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;

/** `_LINUX_CAPABILITY_VERSION_3` (`capget(2)`). */
const CAPABILITY_VERSION = 0x20080522;
/** `CAP_NET_ADMIN` and `CAP_NET_RAW`: marks, devices, foreign source addresses. */
const KEPT_CAPABILITIES = 1 << 12 | 1 << 13;

/**
 * Confines the calling thread and those that it starts from now on, irrevocably: no programs, no files, no sockets but
 * those that relay, no ports but those given; see `docs/security.md`.
 *
 * Landlock and the filter overlap on purpose: each refuses files by itself. What the kernel lacks is left out and named in
 * the result.
 *
 * @throws {SystemError} when the machine is short of descriptors or memory: a moment's shortage must not leave a thread
 * unconfined for as long as it lives. The thread is confined in part then, and must not serve.
 */
export async function confineThread(libc: Libc, options: ConfinementOptions): Promise<Confinement> {
  const steps = new Steps(libc, options);
  const gaps: string[] = [];
  const attempt = <T>(gap: string, step: () => T): T | undefined => {
    try {
      return step();
    } catch (error) {
      gaps.push(`${gap}: ${unlessShort(error)}`);
      return undefined;
    }
  };
  const idle = attempt("the runtime's threads are not confined", () => steps.idleThreads());
  attempt("a program could gain privileges", () => steps.forbidPrivileges());
  attempt("the process's capabilities are kept", () => steps.dropCapabilities());
  const landlock = attempt("files and ports are not limited", () => steps.limitAccess()) ?? 0;
  if (landlock > 0 && !limitsPorts(landlock)) {
    gaps.push(`ports are not limited: the kernel's Landlock has version ${landlock}, from 4 on it can`);
  }
  const calls = attempt("system calls are not filtered", () => steps.filterCalls()) ?? false;
  if (calls) {
    await idle?.park().catch((error) =>
      gaps.push(`the runtime's threads are not confined: ${unlessShort(error)}`)
    );
    attempt("system calls are not filtered", () => steps.filterLastCalls());
  }
  return { landlock, calls, gaps };
}

/** Returns the error in words. @throws the error itself, for a shortage. */
function unlessShort(error: unknown): string {
  if (!(error instanceof SystemError)) return errorMessage(error);
  if (isResourceExhaustion(error.code)) throw error;
  return `${error.syscall} ${error.code}`;
}

/** The steps, each a system call or two. */
class Steps {
  readonly #libc: Libc;
  readonly #options: ConfinementOptions;
  readonly #machine: Machine;

  constructor(libc: Libc, options: ConfinementOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#machine = Deno.build.arch;
  }

  /** @throws {SystemError} */
  idleThreads(): IdleThreads {
    return new IdleThreads(this.#libc, this.#machine);
  }

  /** Lets no program gain privileges; without it, only a privileged process may take the next steps. */
  forbidPrivileges(): void {
    this.#call("prctl", PR_SET_NO_NEW_PRIVS, 1);
  }

  /** Drops the capabilities of this thread that no socket needs: the process may run as root. */
  dropCapabilities(): void {
    using header = this.#copy(Uint32Array.of(CAPABILITY_VERSION, 0));
    // Effective, permitted and inheritable ones; then the same for those from 32 on.
    using sets = this.#copy(new Uint32Array(6));
    this.#call("capget", header.at, sets.at);
    for (const [index, word] of sets.words.entries()) {
      sets.words[index] = index < 3 ? word & KEPT_CAPABILITIES : 0;
    }
    this.#call("capset", header.at, sets.at);
  }

  /** Returns the version of Landlock. @throws {SystemError} where the kernel has none: ENOSYS, EOPNOTSUPP. */
  limitAccess(): number {
    const { ports, bind } = this.#options;
    const abi = this.#call("landlock_create_ruleset", 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
    using attributes = this.#copy(rulesetAttributes({ abi, ports, bind }));
    const ruleset = this.#call("landlock_create_ruleset", attributes.at, attributes.size, 0);
    try {
      for (const bytes of portRules({ abi, ports, bind })) {
        using rule = this.#copy(bytes);
        this.#call("landlock_add_rule", ruleset, LANDLOCK_RULE_NET_PORT, rule.at);
      }
      this.#call("landlock_restrict_self", ruleset);
    } finally {
      this.#libc.calls.close(ruleset);
    }
    return abi;
  }

  /** @throws {SystemError} where the kernel has no such filters: ENOSYS, EINVAL. */
  filterCalls(): true {
    return this.#filter(callFilter({ ...this.#options, machine: this.#machine }));
  }

  filterLastCalls(): true {
    return this.#filter(lastFilter(this.#machine));
  }

  #filter(instructions: readonly Instruction[]): true {
    using filter = this.#copy(encodeProgram(instructions));
    // `struct sock_fprog`: how many instructions there are, and where.
    using program = this.#copy(BigUint64Array.of(BigInt(instructions.length), BigInt(filter.at)));
    this.#call("seccomp", SECCOMP_SET_MODE_FILTER, 0, program.at);
    return true;
  }

  #call(call: SystemCall, ...args: readonly (number | bigint)[]): number {
    return this.#libc.check(call, this.#libc.systemCall(callNumber(call, this.#machine) ?? -1, ...args));
  }

  #copy(data: ArrayBufferView<ArrayBuffer>): Argument {
    return new Argument(this.#libc, data);
  }
}

/** Data for the kernel, in memory that does not move. */
class Argument implements Disposable {
  readonly size: number;
  readonly at: bigint;
  readonly words: Uint32Array;
  readonly #allocation: Allocation;

  constructor(libc: Libc, data: ArrayBufferView<ArrayBuffer>) {
    this.size = data.byteLength;
    this.#allocation = libc.allocate(this.size);
    this.#allocation.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.at = this.#allocation.address;
    this.words = new Uint32Array(this.#allocation.bytes.buffer);
  }

  [Symbol.dispose](): void {
    this.#allocation.free();
  }
}
