import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  F_SETPIPE_SZ,
  IPPROTO_TCP,
  SIOCOUTQ,
  SOCK_STREAM,
} from "../calls/constants.ts";
import { ERRNO } from "../calls/errno.ts";
import {
  ALLOW,
  and,
  answer,
  ARCHITECTURE_AT,
  failWith,
  ifAtLeast,
  ifEqual,
  type Instruction,
  load,
  loadHigh,
  loadLow,
  NUMBER_AT,
} from "./bpf.ts";
import { architectureOf, callNumber, type Machine, type SystemCall, X32_CALLS } from "./system_calls.ts";

/** What a thread's sockets may be. */
export interface CallFilterOptions {
  readonly machine: Machine;
  /** Whether it may create unix sockets. */
  readonly unix: boolean;
  /** Whether it may create sockets of MPTCP, which Landlock does not limit. */
  readonly mptcp: boolean;
  /** Whether it may bind sockets to an address of its choice. */
  readonly bind: boolean;
}

/**
 * Calls that a thread may make with any arguments. Measured: what a worker called in all tests, and what the runtime, its
 * engine and the C library call for memory, threads, time and signals in other circumstances (`strace -ff`). None of them
 * opens a file, reaches another process, or creates a socket.
 */
const ALLOWED: readonly SystemCall[] = [
  // The relay.
  "recvfrom",
  "epoll_wait",
  "epoll_pwait",
  "epoll_pwait2",
  "epoll_ctl",
  "accept4",
  "connect",
  "shutdown",
  "close",
  "getsockopt",
  "setsockopt",
  "getsockname",
  "getpeername",
  "read",
  "write",
  "readv",
  "writev",
  "splice",
  "pipe2",
  "epoll_create1",
  "eventfd2",
  "poll",
  "ppoll",
  "fstat",
  // Under "deno run", the runtime keeps compiled code in a database that is open already.
  "pread64",
  "pwrite64",
  "lseek",
  "fdatasync",
  // Memory.
  "mmap",
  "munmap",
  "mprotect",
  "pkey_mprotect",
  "mremap",
  "madvise",
  "brk",
  // Threads: the runtime's pool starts them.
  "sched_yield",
  // The runtime's locks read a thread's priority, and write to stderr what they may not.
  "sched_getparam",
  "sched_getscheduler",
  "sched_getaffinity",
  "getcpu",
  "set_robust_list",
  "rseq",
  "membarrier",
  "gettid",
  "getpid",
  "sigaltstack",
  "rt_sigprocmask",
  "rt_sigreturn",
  "restart_syscall",
  "exit",
  "exit_group",
  // Time, chance, measures of the process itself.
  "clock_gettime",
  "clock_getres",
  "clock_nanosleep",
  "nanosleep",
  "gettimeofday",
  "getrandom",
  "getrusage",
  "sysinfo",
];

const IPPROTO_MPTCP = 262;
/** Flags of a socket's type (`SOCK_NONBLOCK`, `SOCK_CLOEXEC`) are no part of it. */
const TYPE_BITS = 0xf;
/** `CLONE_VM | CLONE_SIGHAND | CLONE_THREAD`: without them, a clone is another process. */
const THREAD_BITS = 0x100 | 0x800 | 0x10000;
/** `FIONREAD`, `FIONBIO`, and `TCGETS`, by which the runtime tells a terminal. */
const IOCTLS = [Number(SIOCOUTQ), 0x541b, 0x5421, 0x5401];
/**
 * `F_GETFD`, `F_SETFD`, `F_GETFL`, `F_SETFL`, `F_GETLK`, `F_SETLK` and `F_SETLKW`, the locks of the database, and
 * `F_DUPFD_CLOEXEC`, without which the runtime aborts when a worker starts another; `F_SETPIPE_SZ`, for the relay's pipes.
 */
const FCNTLS = [1, 2, F_GETFL, F_SETFL, 5, 6, 7, F_DUPFD_CLOEXEC, F_SETPIPE_SZ];
/** `PR_SET_NAME`, `PR_GET_NAME`, `PR_SET_VMA`: a thread's name, and the names of its memory. */
const PRCTLS = [15, 16, 0x53564d41];
/** `FUTEX_UNLOCK_PI`. */
const UNLOCKING_FUTEX = 7;
/** The other futexes of locks with an owner (`FUTEX_*_PI`): no confined thread gets one, as `IdleThreads` relies on. */
const LOCKING_FUTEXES = [6, 8, 11, 12, 13];
const SECCOMP_SET_MODE_FILTER = 1;
/** `FUTEX_PRIVATE_FLAG` and `FUTEX_CLOCK_REALTIME` are no part of the operation. */
const FUTEX_BITS = 0x7f;

const DENY = failWith(ERRNO.EPERM);
/** The C library goes on to `clone`, whose flags a filter can see, where there is no `clone3`. */
const NO_SUCH_CALL = failWith(ERRNO.ENOSYS);

/**
 * Returns the filter of a thread that relays. Everything that it does not allow fails with EPERM: a defect then costs one
 * connection, where ending the process would cost all of them.
 */
export function callFilter(options: CallFilterOptions): Instruction[] {
  const { machine, bind } = options;
  return [
    load(ARCHITECTURE_AT),
    ifEqual(architectureOf(machine), 1, 0),
    answer(DENY),
    load(NUMBER_AT),
    ...machine === "x86_64" ? [ifAtLeast(X32_CALLS, 0, 1), answer(DENY)] : [],
    // A destination would reach addresses that no `connect` was checked for.
    ...onCall("sendto", machine, [
      loadHigh(4),
      ifEqual(0, 1, 0),
      answer(DENY),
      loadLow(4),
      ifEqual(0, 0, 1),
      answer(ALLOW),
      answer(DENY),
    ]),
    ...onCall("socket", machine, socketRules(options)),
    ...onCall("futex", machine, [loadLow(1), and(FUTEX_BITS), ...oneOf(LOCKING_FUTEXES, DENY, ALLOW)]),
    ...onCall("ioctl", machine, [loadLow(1), ...oneOf(IOCTLS, ALLOW, DENY)]),
    ...onCall("fcntl", machine, [loadLow(1), ...oneOf(FCNTLS, ALLOW, DENY)]),
    ...onCall("prctl", machine, [loadLow(0), ...oneOf(PRCTLS, ALLOW, DENY)]),
    // Reads limits, and sets none.
    ...onCall("prlimit64", machine, [
      loadHigh(2),
      ifEqual(0, 1, 0),
      answer(DENY),
      loadLow(2),
      ...oneOf([0], ALLOW, DENY),
    ]),
    ...onCall("clone", machine, [loadLow(0), and(THREAD_BITS), ...oneOf([THREAD_BITS], ALLOW, DENY)]),
    ...onCall("clone3", machine, [answer(NO_SUCH_CALL)]),
    // For the second filter.
    ...onCall("seccomp", machine, [loadLow(0), ...oneOf([SECCOMP_SET_MODE_FILTER], ALLOW, DENY)]),
    ...[...ALLOWED, ...bind ? ["bind" as const] : []].flatMap((call) =>
      onCall(call, machine, [answer(ALLOW)])
    ),
    answer(DENY),
  ];
}

/**
 * Returns the filter that is added when the idle threads are parked: nothing releases them, and no filter follows. The
 * thread is the owner of their locks, so it could.
 */
export function lastFilter(machine: Machine): Instruction[] {
  return [
    load(ARCHITECTURE_AT),
    ifEqual(architectureOf(machine), 1, 0),
    answer(DENY),
    load(NUMBER_AT),
    ...onCall("futex", machine, [loadLow(1), and(FUTEX_BITS), ...oneOf([UNLOCKING_FUTEX], DENY, ALLOW)]),
    ...onCall("seccomp", machine, [answer(DENY)]),
    answer(ALLOW),
  ];
}

/** TCP, and unix stream sockets where they are needed: no datagrams, no netlink, no raw packets. */
function socketRules({ unix, mptcp }: CallFilterOptions): Instruction[] {
  return [
    loadLow(1),
    and(TYPE_BITS),
    ifEqual(SOCK_STREAM, 1, 0),
    answer(DENY),
    loadLow(2),
    ...oneOfElse([0, IPPROTO_TCP, ...mptcp ? [IPPROTO_MPTCP] : []], DENY),
    loadLow(0),
    ...oneOf([AF_INET, AF_INET6, ...unix ? [AF_UNIX] : []], ALLOW, DENY),
  ];
}

/** Runs the rules if it is this call; they must end with an answer. Expects the call's number to be loaded. */
function onCall(call: SystemCall, machine: Machine, rules: readonly Instruction[]): Instruction[] {
  const number = callNumber(call, machine);
  return number === undefined ? [] : [ifEqual(number, 0, rules.length), ...rules];
}

/** Gives one answer for these values, another for all others. */
function oneOf(values: readonly number[], found: number, other: number): Instruction[] {
  return [
    ...values.map((value, index) => ifEqual(value, values.length - index, 0)),
    answer(other),
    answer(found),
  ];
}

/** Goes on for these values, and gives the answer for all others. */
function oneOfElse(values: readonly number[], other: number): Instruction[] {
  return [...values.map((value, index) => ifEqual(value, values.length - index, 0)), answer(other)];
}
