/**
 * Numbers of system calls: x86-64 (`arch/x86/entry/syscalls/syscall_64.tbl`) and arm64
 * (`include/uapi/asm-generic/unistd.h`).
 *
 * @module
 */

/** The machines that the engine runs on, as the runtime calls them. */
export type Machine = "x86_64" | "aarch64";

/** Returns the `AUDIT_ARCH_*` of a machine (`linux/audit.h`). */
export function architectureOf(machine: Machine): number {
  return machine === "x86_64" ? 0xc000003e : 0xc00000b7;
}

/** From this number on, calls of x86-64 are those of its 32-bit pointers (x32), which no filter here knows. */
export const X32_CALLS = 0x40000000;

/** By name, the number on x86-64, then on arm64; `undefined` where the machine has no such call. */
const NUMBERS = {
  read: [0, 63],
  write: [1, 64],
  close: [3, 57],
  fstat: [5, 80],
  poll: [7, undefined],
  lseek: [8, 62],
  mmap: [9, 222],
  mprotect: [10, 226],
  munmap: [11, 215],
  brk: [12, 214],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  ioctl: [16, 29],
  pread64: [17, 67],
  pwrite64: [18, 68],
  readv: [19, 65],
  writev: [20, 66],
  sched_yield: [24, 124],
  mremap: [25, 216],
  madvise: [28, 233],
  nanosleep: [35, 101],
  getpid: [39, 172],
  socket: [41, 198],
  connect: [42, 203],
  sendto: [44, 206],
  recvfrom: [45, 207],
  shutdown: [48, 210],
  bind: [49, 200],
  getsockname: [51, 204],
  getpeername: [52, 205],
  setsockopt: [54, 208],
  getsockopt: [55, 209],
  clone: [56, 220],
  exit: [60, 93],
  fcntl: [72, 25],
  fdatasync: [75, 83],
  gettimeofday: [96, 169],
  getrusage: [98, 165],
  sysinfo: [99, 179],
  capget: [125, 90],
  capset: [126, 91],
  sigaltstack: [131, 132],
  sched_getparam: [143, 121],
  sched_getscheduler: [145, 120],
  prctl: [157, 167],
  gettid: [186, 178],
  futex: [202, 98],
  sched_getaffinity: [204, 123],
  restart_syscall: [219, 128],
  clock_gettime: [228, 113],
  clock_getres: [229, 114],
  clock_nanosleep: [230, 115],
  exit_group: [231, 94],
  epoll_wait: [232, undefined],
  epoll_ctl: [233, 21],
  ppoll: [271, 73],
  set_robust_list: [273, 99],
  splice: [275, 76],
  epoll_pwait: [281, 22],
  accept4: [288, 242],
  eventfd2: [290, 19],
  epoll_create1: [291, 20],
  pipe2: [293, 59],
  prlimit64: [302, 261],
  getcpu: [309, 168],
  seccomp: [317, 277],
  getrandom: [318, 278],
  membarrier: [324, 283],
  pkey_mprotect: [329, 288],
  rseq: [334, 293],
  clone3: [435, 435],
  epoll_pwait2: [441, 441],
  landlock_create_ruleset: [444, 444],
  landlock_add_rule: [445, 445],
  landlock_restrict_self: [446, 446],
} as const satisfies Readonly<Record<string, readonly [x86: number, arm: number | undefined]>>;

/** A call whose number is known here. */
export type SystemCall = keyof typeof NUMBERS;

/** Returns a call's number; `undefined` where the machine has none. */
export function callNumber(call: SystemCall, machine: Machine): number | undefined {
  return NUMBERS[call][machine === "x86_64" ? 0 : 1];
}
