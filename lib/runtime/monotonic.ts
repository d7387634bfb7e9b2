/**
 * Returns the time of the system's monotonic clock in microseconds; `undefined` where it cannot be read. The runtime's own
 * clocks begin with the process. This one takes a call of libc, and so needs `--allow-ffi`, which is not asked for.
 */
export async function monotonicMicroseconds(): Promise<bigint | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  if ((await Deno.permissions.query({ name: "ffi" })).state !== "granted") return undefined;
  try {
    const libc = Deno.dlopen(LIBC, CLOCK_GETTIME);
    const time = new BigInt64Array(2);
    const result = libc.symbols["clock_gettime"](CLOCK_MONOTONIC, time);
    libc.close();
    const [seconds = 0n, nanoseconds = 0n] = time;
    return result === 0 ? seconds * 1_000_000n + nanoseconds / 1000n : undefined;
  } catch (error) {
    // Another libc, or another signature: what it is for goes on without.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

const LIBC = "libc.so.6";
/** Its `struct timespec` is two 64-bit numbers on every system that the runtime is built for. */
const CLOCK_GETTIME = { ["clock_gettime"]: { parameters: ["i32", "buffer"], result: "i32" } } as const;
const CLOCK_MONOTONIC = 1;
