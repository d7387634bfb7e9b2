// deno-lint-ignore-file camelcase -- the names are the kernel's
/**
 * What code in a worker with the FFI permission might try with calls of the C library, on its own thread and on others.
 *
 * @module
 */
import type { Booty, Outcomes } from "./runtime_attacks.ts";

type Word = number | bigint;

/** Numbers of calls that the test's machine may have; x86-64, then arm64. */
const CALLS: Readonly<Record<string, readonly [x86: number, arm: number]>> = {
  openat: [257, 56],
  openat2: [437, 437],
  readlinkat: [267, 78],
  unlinkat: [263, 35],
  renameat: [264, 38],
  mkdirat: [258, 34],
  fchmodat: [268, 53],
  newfstatat: [262, 79],
  statx: [332, 291],
  truncate: [76, 45],
  mount: [165, 40],
  chroot: [161, 51],
  inotify_init1: [294, 26],
  execve: [59, 221],
  execveat: [322, 281],
  clone: [56, 220],
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kill: [62, 129],
  tgkill: [234, 131],
  pidfd_open: [434, 434],
  pidfd_getfd: [438, 438],
  socket: [41, 198],
  socketpair: [53, 199],
  connect: [42, 203],
  bind: [49, 200],
  listen: [50, 201],
  sendto: [44, 206],
  sendmsg: [46, 211],
  io_uring_setup: [425, 425],
  bpf: [321, 280],
  userfaultfd: [323, 282],
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  unshare: [272, 97],
  setns: [308, 268],
  perf_event_open: [298, 241],
  keyctl: [250, 219],
  init_module: [175, 105],
  kexec_load: [246, 104],
  reboot: [169, 142],
  setuid: [105, 146],
  setgid: [106, 144],
  capset: [126, 91],
  sethostname: [170, 161],
  settimeofday: [164, 170],
  shmget: [29, 194],
  dup: [32, 23],
  fcntl: [72, 25],
  ioctl: [16, 29],
  prctl: [157, 167],
  prlimit64: [302, 261],
  seccomp: [317, 277],
  personality: [135, 92],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  rt_sigqueueinfo: [129, 138],
  futex: [202, 98],
};

const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK] = [1, 2, 10, 16, 17, 40];
const [SOCK_STREAM, SOCK_DGRAM, SOCK_RAW] = [1, 2, 3];
const IPPROTO_MPTCP = 262;
const IPPROTO_SCTP = 132;
const AT_FDCWD = -100;
const MSG_FASTOPEN = 0x20000000;
const TIOCSTI = 0x5412;
const FUTEX_UNLOCK_PI = 7 | 128;
const LD_NAMES = ["libthread_db.so.1", "libanl.so.1", "libBrokenLocale.so.1"];

/** Errno values of a refusal: the filter's, Landlock's. */
const REFUSED = new Set([1, 13]);

/** Calls that answer with -1 and errno, by number, on this thread and on those of the runtime's pool. */
class Kernel {
  readonly #library = Deno.dlopen("libc.so.6", {
    syscall: { parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], result: "i64" },
    aside: {
      name: "syscall",
      parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"],
      result: "i64",
      nonblocking: true,
    },
    __errno_location: { parameters: [], result: "pointer" },
    malloc: { parameters: ["usize"], result: "pointer" },
  });
  readonly #errno: Int32Array;

  constructor() {
    const location = this.#library.symbols.__errno_location();
    if (location === null) throw new Error("no errno");
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  }

  /** Returns what a call came to: a result from 0 on, or minus its errno. */
  call(name: string, ...args: Word[]): number {
    const result = Number(this.#library.symbols.syscall(...this.#words(name, args)));
    return result >= 0 ? result : -(this.#errno[0] ?? 0);
  }

  /** The result alone: the errno stays on the other thread. */
  async aside(name: string, ...args: Word[]): Promise<number> {
    return Number(await this.#library.symbols.aside(...this.#words(name, args)));
  }

  /** Memory for the kernel, never freed. */
  bytes(data: Uint8Array): bigint {
    const pointer = this.#library.symbols.malloc(BigInt(data.length + 1));
    if (pointer === null) throw new Error("no memory");
    const memory = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, data.length + 1));
    memory.set(data);
    memory[data.length] = 0;
    return Deno.UnsafePointer.value(pointer);
  }

  text(text: string): bigint {
    return this.bytes(new TextEncoder().encode(text));
  }

  #words(name: string, args: Word[]): [bigint, bigint, bigint, bigint, bigint, bigint, bigint] {
    const [x86 = -1, arm = -1] = CALLS[name] ?? [];
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
    const number = Deno.build.arch === "x86_64" ? x86 : arm;
    return [BigInt(number), BigInt(a), BigInt(b), BigInt(c), BigInt(d), BigInt(e), BigInt(f)];
  }
}

/** Tries everything, in turn; `connect to the target` is what the worker may do. */
export async function kernelAttacks(booty: Booty): Promise<Outcomes> {
  const kernel = new Kernel();
  const outcomes: Outcomes = {};
  for (const [name, attack] of Object.entries(onThisThread(kernel, booty))) {
    const result = attack();
    outcomes[name] = REFUSED.has(-result) ? "refused" : result < 0 ? `errno ${-result}` : `done: ${result}`;
  }
  // More at once than the pool has threads: every one of them has its turn.
  const path = kernel.text(booty.file);
  const many = await Promise.all(Array.from({ length: 80 }, () => kernel.aside("openat", AT_FDCWD, path, 0)));
  outcomes["open a file on the runtime's threads"] = many.every((fd) => fd < 0) ? "refused" : `done: ${many}`;
  outcomes["a library that is not loaded"] = loadLibrary();
  outcomes["a worker of its own"] = await nestedAttack(booty);
  return outcomes;
}

function onThisThread(kernel: Kernel, { target, other, file, folder }: Booty): Record<string, () => number> {
  const path = kernel.text(file);
  const inside = kernel.text(`${folder}/evil`);
  const buffer = kernel.bytes(new Uint8Array(256));
  const open = (name: string, flags = 0) => (): number =>
    kernel.call("openat", AT_FDCWD, kernel.text(name), flags, 0o600);
  const tcp = (family = AF_INET): number => kernel.call("socket", family, SOCK_STREAM, 0);
  const to = (port: number, family = AF_INET): [bigint, number] => {
    const address = new Uint8Array(family === AF_INET ? 16 : 28);
    address[0] = family;
    address[2] = port >> 8;
    address[3] = port & 255;
    // 127.0.0.1, ::1
    if (family === AF_INET) address.set([127, 0, 0, 1], 4);
    else address[23] = 1;
    return [kernel.bytes(address), address.length];
  };
  const socket = (family: number, type: number, protocol = 0) => (): number =>
    kernel.call("socket", family, type, protocol);
  return {
    "open a file": () => kernel.call("openat", AT_FDCWD, path, 0),
    "open a file, another call": () => kernel.call("openat2", AT_FDCWD, path, buffer, 24),
    "open a file by handle": () => kernel.call("open_by_handle_at", AT_FDCWD, buffer, 0),
    "find out a file's handle": () => kernel.call("name_to_handle_at", AT_FDCWD, path, buffer, buffer, 0),
    "open /proc/self/mem": open("/proc/self/mem", 2),
    "open /proc/self/environ": open("/proc/self/environ"),
    "open /dev/mem": open("/dev/mem", 2),
    "open the resolver's config": open("/etc/resolv.conf"),
    "create a file": open(`${folder}/new`, 0o101),
    "remove a file": () => kernel.call("unlinkat", AT_FDCWD, path, 0),
    "rename a file": () => kernel.call("renameat", AT_FDCWD, path, AT_FDCWD, inside),
    "truncate a file": () => kernel.call("truncate", path, 0),
    "make a folder": () => kernel.call("mkdirat", AT_FDCWD, inside, 0o700),
    "change a mode": () => kernel.call("fchmodat", AT_FDCWD, path, 0o777),
    "look at a file": () => kernel.call("newfstatat", AT_FDCWD, path, buffer, 0),
    "look at a file, another call": () => kernel.call("statx", AT_FDCWD, path, 0, 0, buffer),
    "read a link": () => kernel.call("readlinkat", AT_FDCWD, kernel.text("/proc/self/exe"), buffer, 200),
    "watch a folder": () => kernel.call("inotify_init1", 0),
    "mount": () => kernel.call("mount", path, path, path, 0, 0),
    "change the root": () => kernel.call("chroot", kernel.text("/")),
    "execute a program": () => kernel.call("execve", inside, 0, 0),
    "execute a program, another call": () => kernel.call("execveat", AT_FDCWD, inside, 0, 0, 0),
    // SIGCHLD alone: a fork.
    "fork": () => kernel.call("clone", 17, 0, 0, 0, 0),
    "clone into a namespace": () => kernel.call("clone", 0x10000000 | 17, 0, 0, 0, 0),
    "trace a process": () => kernel.call("ptrace", 16, -1, 0, 0),
    "read another process": () => kernel.call("process_vm_readv", 1, buffer, 1, buffer, 1, 0),
    "write to another process": () => kernel.call("process_vm_writev", 1, buffer, 1, buffer, 1, 0),
    "signal a process": () => kernel.call("kill", Deno.pid, 0),
    "signal a thread": () => kernel.call("tgkill", Deno.pid, Deno.pid, 0),
    "queue a signal": () => kernel.call("rt_sigqueueinfo", Deno.pid, 0, buffer),
    "get hold of a process": () => kernel.call("pidfd_open", 1, 0),
    "take a process's descriptor": () => kernel.call("pidfd_getfd", 0, 0, 0),
    "connect to another port": () => kernel.call("connect", tcp(), ...to(other)),
    "connect to another port, IPv6": () => kernel.call("connect", tcp(AF_INET6), ...to(other, AF_INET6)),
    "connect with data at once": () => kernel.call("sendto", tcp(), buffer, 10, MSG_FASTOPEN, ...to(other)),
    "send a message": () => kernel.call("sendmsg", tcp(), buffer, MSG_FASTOPEN),
    "connect with MPTCP": socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP),
    "connect with SCTP": socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP),
    "bind another port": () => kernel.call("bind", tcp(), ...to(0)),
    "listen on any port": () => kernel.call("listen", tcp(), 1),
    "a datagram socket": socket(AF_INET, SOCK_DGRAM),
    "a datagram socket, IPv6": socket(AF_INET6, SOCK_DGRAM),
    "a raw socket": socket(AF_INET, SOCK_RAW, 1),
    "a packet socket": socket(AF_PACKET, SOCK_RAW),
    "a netlink socket": socket(AF_NETLINK, SOCK_RAW),
    "a socket to the host": socket(AF_VSOCK, SOCK_STREAM),
    "a unix socket": socket(AF_UNIX, SOCK_STREAM),
    "a pair of sockets": () => kernel.call("socketpair", AF_UNIX, SOCK_STREAM, 0, buffer),
    "io_uring": () => kernel.call("io_uring_setup", 8, buffer),
    "bpf": () => kernel.call("bpf", 0, buffer, 48),
    "userfaultfd": () => kernel.call("userfaultfd", 0),
    "a file in memory": () => kernel.call("memfd_create", path, 0),
    "a secret file in memory": () => kernel.call("memfd_secret", 0),
    "a new namespace": () => kernel.call("unshare", 0x10000000),
    "another namespace": () => kernel.call("setns", 0, 0),
    "performance events": () => kernel.call("perf_event_open", buffer, 0, -1, -1, 0),
    "keys": () => kernel.call("keyctl", 0, -3, 0),
    "load a module": () => kernel.call("init_module", buffer, 10, buffer),
    "load another kernel": () => kernel.call("kexec_load", 0, 0, 0, 0),
    "reboot": () => kernel.call("reboot", 0, 0, 0),
    "become another user": () => kernel.call("setuid", 0),
    "become another group": () => kernel.call("setgid", 0),
    "regain capabilities": () => kernel.call("capset", buffer, buffer),
    "rename the host": () => kernel.call("sethostname", 0, 1),
    "set the clock": () => kernel.call("settimeofday", 0, 0),
    "shared memory": () => kernel.call("shmget", 0, 4096, 0o1600),
    "another personality": () => kernel.call("personality", 0x0400000),
    "duplicate a descriptor": () => kernel.call("dup", 0),
    "take signals for a descriptor": () => kernel.call("fcntl", 0, 8, 1),
    "type on the terminal": () => kernel.call("ioctl", 0, TIOCSTI, buffer),
    "change its own confinement": () => kernel.call("seccomp", 1, 0, buffer),
    'undo "no new privileges"': () => kernel.call("prctl", 38, 0, 0, 0, 0),
    "become dumpable": () => kernel.call("prctl", 4, 1, 0, 0, 0),
    "raise a limit": () => kernel.call("prlimit64", 0, 7, buffer, 0),
    "release parked threads": () => kernel.call("futex", buffer, FUTEX_UNLOCK_PI, 0, 0, 0, 0),
    "connect to the target": () => kernel.call("connect", tcp(), ...to(target)),
  };
}

function loadLibrary(): string {
  for (const name of LD_NAMES) {
    try {
      Deno.dlopen(name, {}).close();
      return `done: ${name}`;
    } catch {
      // Refused, or not there: the kernel lets it look for neither.
    }
  }
  return "refused";
}

/** A worker of the worker is a thread that it has started: it tries to open a file. */
function nestedAttack({ file }: Booty): Promise<string> {
  const number = Deno.build.arch === "x86_64" ? CALLS.openat?.[0] : CALLS.openat?.[1];
  const source = `
    const { symbols } = Deno.dlopen("libc.so.6", { syscall: { parameters: ["i64", "i64", "buffer", "i64"], result: "i64" } });
    const path = new TextEncoder().encode(${JSON.stringify(`${file}\0`)});
    self.postMessage(Number(symbols.syscall(${number}n, -100n, path, 0n)));`;
  const worker = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  return new Promise<string>((resolve) => {
    worker.onmessage = ({ data }): void => resolve(data < 0 ? "refused" : `done: ${data}`);
    worker.onerror = (event): void => {
      event.preventDefault();
      resolve(/denied|NotCapable|not permitted/i.test(event.message) ? "refused" : event.message);
    };
  }).finally(() => worker.terminate());
}
