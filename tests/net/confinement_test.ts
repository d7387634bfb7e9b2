import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ALLOW,
  answer,
  encodeProgram,
  ifEqual,
  type Instruction,
} from "../../lib/net/linux/confinement/bpf.ts";
import {
  callFilter,
  type CallFilterOptions,
  lastFilter,
} from "../../lib/net/linux/confinement/call_filter.ts";
import { confineThread } from "../../lib/net/linux/confinement/confine.ts";
import { portRules, rulesetAttributes } from "../../lib/net/linux/confinement/landlock.ts";
import {
  architectureOf,
  callNumber,
  type Machine,
  type SystemCall,
} from "../../lib/net/linux/confinement/system_calls.ts";
import { SystemError } from "../../lib/net/linux/calls/errno.ts";
import { FaultyLibc } from "../helpers/connections/faulty_libc.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";

const MACHINES: readonly Machine[] = ["x86_64", "aarch64"];
const NONE = { unix: false, mptcp: false, bind: false } as const;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const SOCK_NONBLOCK = 0o4000;

/** A system call as a filter sees it. */
interface Call {
  readonly number: number;
  readonly architecture: number;
  readonly args: readonly bigint[];
}

/** Runs a program as the kernel does, from its encoded form. */
function run(program: readonly Instruction[], { number, architecture, args }: Call): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number >>> 0, true);
  data.setUint32(4, architecture >>> 0, true);
  args.forEach((arg, index) => data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, arg), true));
  const bytes = encodeProgram(program);
  const view = new DataView(bytes.buffer);
  let loaded = 0;
  for (let at = 0; at < bytes.length; at += 8) {
    const code = view.getUint16(at, true);
    const value = view.getUint32(at + 4, true);
    const jump = (holds: boolean): number => 8 * view.getUint8(at + (holds ? 2 : 3));
    if (code === 0x20) loaded = data.getUint32(value, true);
    else if (code === 0x54) loaded = (loaded & value) >>> 0;
    else if (code === 0x15) at += jump(loaded === value);
    else if (code === 0x35) at += jump(loaded >= value);
    else if (code === 0x06) return value;
    else throw new Error(`an instruction of code ${code}`);
  }
  throw new Error("the program ends without an answer");
}

function asked(
  machine: Machine,
  call: SystemCall | number,
  args: readonly (number | bigint)[] = [],
  options: Omit<CallFilterOptions, "machine"> = NONE,
): number {
  const number = typeof call === "number" ? call : callNumber(call, machine) ?? -1;
  const words = args.map((arg) => BigInt(arg));
  return run(callFilter({ machine, ...options }), {
    number,
    architecture: architectureOf(machine),
    args: words,
  });
}

Deno.test("callFilter: what a relay needs is allowed, with any arguments", () => {
  const needed = [
    "recvfrom",
    "connect",
    "accept4",
    "shutdown",
    "close",
    "setsockopt",
    "epoll_ctl",
    "mmap",
  ] as const;
  for (const machine of MACHINES) {
    for (const call of needed) assertEquals(asked(machine, call, [-1n, 2n ** 64n - 1n]), ALLOW, call);
  }
});

Deno.test("callFilter: every number that is not named is refused, on each machine", () => {
  const dangerous = {
    "x86_64": {
      open: 2,
      fork: 57,
      vfork: 58,
      execve: 59,
      ptrace: 101,
      openat: 257,
      ioUring: 425,
      listen: 50,
    },
    aarch64: { openat: 56, execve: 221, ptrace: 117, ioUring: 425, bpf: 280, listen: 201 },
  };
  for (const machine of MACHINES) {
    for (const number of Object.values(dangerous[machine])) assertEquals(asked(machine, number), EPERM);
    const allowed = Array.from({ length: 600 }, (_, number) => number)
      .filter((number) => asked(machine, number) === ALLOW);
    assert(allowed.length > 40 && allowed.length < 70, String(allowed.length));
  }
});

Deno.test("callFilter: another machine's calls are refused, as are those of 32-bit pointers", () => {
  const read = callNumber("read", "x86_64") ?? -1;
  const program = callFilter({ machine: "x86_64", ...NONE });
  const architecture = architectureOf("x86_64");
  assertEquals(run(program, { number: read, architecture, args: [] }), ALLOW);
  assertEquals(run(program, { number: read, architecture: 0x40000003, args: [] }), EPERM);
  assertEquals(run(program, { number: read, architecture: architectureOf("aarch64"), args: [] }), EPERM);
  assertEquals(run(program, { number: read | 0x40000000, architecture, args: [] }), EPERM);
});

Deno.test("callFilter: sockets are of TCP, unix sockets and MPTCP where they are needed", () => {
  const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, STREAM, DGRAM, RAW, TCP, SCTP, MPTCP] = [
    1,
    2,
    10,
    16,
    1,
    2,
    3,
    6,
    132,
    262,
  ];
  for (const machine of MACHINES) {
    const socket = (args: readonly number[], options = NONE): number =>
      asked(machine, "socket", args, options);
    for (const family of [AF_INET, AF_INET6]) {
      for (const protocol of [0, TCP]) {
        assertEquals(socket([family, STREAM | SOCK_NONBLOCK, protocol]), ALLOW);
      }
      for (const type of [DGRAM, RAW, 4, 5]) assertEquals(socket([family, type, 0]), EPERM);
      for (const protocol of [SCTP, MPTCP, 1]) assertEquals(socket([family, STREAM, protocol]), EPERM);
      assertEquals(asked(machine, "socket", [family, STREAM, MPTCP], { ...NONE, mptcp: true }), ALLOW);
    }
    for (const family of [AF_UNIX, AF_NETLINK, 17, 40, 0]) assertEquals(socket([family, STREAM, 0]), EPERM);
    assertEquals(asked(machine, "socket", [AF_UNIX, STREAM, 0], { ...NONE, unix: true }), ALLOW);
    assertEquals(asked(machine, "socket", [AF_NETLINK, RAW, 0], { ...NONE, unix: true }), EPERM);
  }
});

Deno.test("callFilter: data goes only to where a socket is connected", () => {
  for (const machine of MACHINES) {
    assertEquals(asked(machine, "sendto", [3, 1, 10, 0x4000, 0, 0]), ALLOW);
    // A destination in the lower half of the pointer, in the upper one, in both.
    for (const pointer of [1n, 1n << 32n, 0x7fff_1234_5678n]) {
      assertEquals(asked(machine, "sendto", [3, 1, 10, 0x20000000, pointer, 16]), EPERM);
    }
  }
});

Deno.test("callFilter: threads are allowed, processes and namespaces are not", () => {
  const thread = 0x3d0f00;
  for (const machine of MACHINES) {
    assertEquals(asked(machine, "clone", [thread]), ALLOW);
    for (const flags of [17, 0, 0x100 | 0x4000 | 17, thread & ~0x100, thread & ~0x10000]) {
      assertEquals(asked(machine, "clone", [flags]), EPERM);
    }
    // glibc goes on to "clone" then.
    assertEquals(asked(machine, "clone3", [1, 88]), ENOSYS);
  }
});

Deno.test("callFilter: arguments of other calls are checked", () => {
  const cases: readonly (readonly [SystemCall, readonly (number | bigint)[], number])[] = [
    ["ioctl", [0, 0x5411], ALLOW],
    ["ioctl", [0, 0x5412], EPERM],
    ["fcntl", [0, 3], ALLOW],
    ["fcntl", [0, 1031], ALLOW],
    ["fcntl", [0, 8], EPERM],
    ["prctl", [15], ALLOW],
    ["prctl", [38], EPERM],
    ["futex", [1, 128], ALLOW],
    ["futex", [1, 6 | 128], EPERM],
    ["prlimit64", [0, 7, 0, 1], ALLOW],
    ["prlimit64", [0, 7, 1, 0], EPERM],
    ["prlimit64", [0, 7, 1n << 32n, 0], EPERM],
    ["seccomp", [1], ALLOW],
    ["seccomp", [0], EPERM],
    ["bind", [3, 1, 16], EPERM],
  ];
  for (const machine of MACHINES) {
    for (const [call, args, expected] of cases) {
      assertEquals(asked(machine, call, args), expected, `${call} ${args}`);
    }
    assertEquals(asked(machine, "bind", [3, 1, 16], { ...NONE, bind: true }), ALLOW);
  }
});

Deno.test("lastFilter: nothing releases parked threads, and no other filter follows", () => {
  for (const machine of MACHINES) {
    const architecture = architectureOf(machine);
    const last = (call: SystemCall, args: readonly bigint[]): number =>
      run(lastFilter(machine), { number: callNumber(call, machine) ?? -1, architecture, args });
    assertEquals(last("futex", [1n, 7n]), EPERM);
    assertEquals(last("futex", [1n, 7n | 128n]), EPERM);
    assertEquals(last("futex", [1n, 128n]), ALLOW);
    assertEquals(last("seccomp", [1n]), EPERM);
    assertEquals(last("read", [0n]), ALLOW);
  }
});

Deno.test("encodeProgram: a jump that no byte holds is an error", () => {
  assertThrows(() => encodeProgram([ifEqual(1, 256, 0), answer(ALLOW)]), RangeError, "256");
  assertThrows(() => encodeProgram(Array.from({ length: 4097 }, () => answer(ALLOW))), RangeError, "4097");
});

Deno.test("rulesetAttributes: names what each version of the ABI knows", () => {
  const words = (abi: number, ports: ReadonlySet<number> | "any" = new Set([1]), bind = false): bigint[] => [
    ...new BigUint64Array(rulesetAttributes({ abi, ports, bind }).buffer),
  ];
  assertEquals(words(1), [0x1fffn]);
  assertEquals(words(2), [0x3fffn]);
  assertEquals(words(3), [0x7fffn]);
  assertEquals(words(4), [0x7fffn, 3n]);
  assertEquals(words(5), [0xffffn, 3n]);
  assertEquals(words(6), [0xffffn, 3n, 3n]);
  assertEquals(words(99), [0xffffn, 3n, 3n]);
  assertEquals(words(6, "any"), [0xffffn, 1n, 3n]);
  assertEquals(words(6, new Set([1]), true), [0xffffn, 2n, 3n]);
});

Deno.test("portRules: one rule a port, none where ports are unknown or cannot be limited", () => {
  const rules = portRules({ abi: 7, ports: new Set([80, 65535]), bind: false });
  assertEquals(rules.map((rule) => [...new BigUint64Array(rule.buffer)]), [[2n, 80n], [2n, 65535n]]);
  assertEquals(portRules({ abi: 3, ports: new Set([80]), bind: false }), []);
  assertEquals(portRules({ abi: 7, ports: "any", bind: false }), []);
});

/** A kernel that confines nothing, and whose Landlock fails as the test says. */
class Unconfining extends FaultyLibc {
  override systemCall(number: number, ...args: readonly (number | bigint)[]): number {
    const isLandlock = number === callNumber("landlock_create_ruleset", Deno.build.arch);
    return isLandlock ? super.systemCall(number, ...args) : 0;
  }
}

for (
  const { errno, code, passes } of [
    { errno: 38, code: "ENOSYS", passes: true },
    { errno: 24, code: "EMFILE", passes: false },
    { errno: 12, code: "ENOMEM", passes: false },
  ]
) {
  Deno.test({
    name: `confineThread: ${code} of Landlock ${passes ? "is a gap" : "is a failure, not a gap"}`,
    ignore: !hasLinuxSockets,
    fn: async () => {
      const libc = new Unconfining();
      // No thread of the pool is to be parked: a lock that is refused ends that at once.
      libc.systemCallAside = () => Promise.resolve(-1);
      libc.fail("syscall", errno);
      try {
        const confining = confineThread(libc, { ports: "any", ...NONE });
        if (passes) {
          assert(
            (await confining).gaps.includes(
              `files and ports are not limited: landlock_create_ruleset ${code}`,
            ),
          );
        } else {
          assertEquals((await assertRejects(() => confining, SystemError)).code, code);
        }
        assert(libc.isSpent);
      } finally {
        libc.close();
      }
    },
  });
}
