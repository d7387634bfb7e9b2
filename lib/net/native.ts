import type { NativeProcess } from "./process.ts";
import type { NativeOptions, NativeTransport } from "./transport.ts";

/** Systems that {@link openNativeTransport} works on. */
const SYSTEMS: ReadonlySet<string> = new Set(["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]);

/** Returns why the native engine is unavailable here, and what to do; `undefined` where it is available. */
export function nativeProblem(): string | undefined {
  const { target } = Deno.build;
  if (!SYSTEMS.has(target)) return `it needs Linux with glibc on x86-64 or arm64, and this is ${target}`;
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted"
    ? undefined
    : "it calls the C library; add --allow-ffi";
}

/**
 * Opens sockets by the kernel's own calls for this thread. What they need is loaded only here.
 *
 * @throws the runtime's error where they are unavailable.
 */
export async function openNativeTransport(options: NativeOptions = {}): Promise<NativeTransport> {
  const { LinuxTransport } = await import("./linux/transport.ts");
  return new LinuxTransport(options);
}

/**
 * Loads and binds what {@link openNativeTransport} needs, for a thread that has nothing else to do yet; nothing where the
 * engine is unavailable. The function that is returned does the same as that one, and faster the first time. What goes
 * wrong here goes wrong again there.
 */
export function prepareNativeTransport(): typeof openNativeTransport {
  let prepared = nativeProblem() === undefined ? prepare().catch(() => undefined) : undefined;
  return async (options = {}) => {
    const preparing = prepared;
    prepared = undefined;
    const open = await preparing;
    return open === undefined ? await openNativeTransport(options) : open(options);
  };
}

type Prepared = (options: NativeOptions) => NativeTransport;

async function prepare(): Promise<Prepared> {
  const { LinuxTransport, Libc } = await import("./linux/transport.ts");
  const libc = new Libc();
  return (options) => new LinuxTransport({ ...options, libc });
}

/** Opens what only the C library can do beside sockets. @throws the runtime's error where it is unavailable. */
export async function openNativeProcess(): Promise<NativeProcess> {
  const { LinuxProcess } = await import("./linux/process.ts");
  return new LinuxProcess();
}
