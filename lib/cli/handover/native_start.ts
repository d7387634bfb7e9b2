import { errorMessage, formatAddress } from "../../base/mod.ts";
import { resolveFaults } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import {
  type NativeProcess,
  openNativeProcess,
  PassedSocketError,
  type SocketHandle,
} from "../../net/mod.ts";
import { type HandedApp, StartError, type TakenOverApp } from "../../proxy/mod.ts";
import type { NativeControl, WorkerProxyOptions } from "../../workers/mod.ts";
import { ACTIVATION_VARIABLES, readActivation } from "./activation.ts";
import { type InheritedSocket, InheritedSockets } from "./inherited_sockets.ts";
import { joinPredecessor, type Predecessor } from "./predecessor.ts";

/** What the native engine has before anything listens. */
export interface NativeStart extends AsyncDisposable {
  readonly control: NativeControl;
  readonly process: NativeProcess;
  /** The sockets that this process was started with. */
  readonly sockets: InheritedSockets;
  /** The process that this one takes over from, if any. */
  readonly predecessor: Predecessor | undefined;
}

/**
 * Opens the native engine, with the sockets that a service manager or the process before has passed.
 *
 * @throws {StartError} where the engine is not available, or a passed socket cannot be used; it says why, and what to do.
 */
export async function startNative(log: Logger): Promise<NativeStart> {
  const { NativeControl } = await import("../../workers/mod.ts");
  const handles = new Map<string, SocketHandle>();
  const control = await NativeControl.open(handles);
  const process = await openNativeProcess();
  try {
    const { descriptors, problem } = takeActivation(process, log);
    const predecessor = await joinPredecessor(process, control.transport);
    const handed = predecessor?.hello.sockets ?? [];
    const passed = [...descriptors, ...handed.map(({ fd, name }) => ({ fd, name }))];
    const sockets = new InheritedSockets(await inspectAll(process, passed, predecessor), {
      handles,
      missing: missing(passed, problem),
      close: (fd) => process.closeDescriptor(fd),
    });
    return {
      control,
      process,
      sockets,
      predecessor,
      [Symbol.asyncDispose]: async () => {
        sockets.close();
        await control.end();
        process.close();
      },
    };
  } catch (error) {
    await control.end();
    process.close();
    throw error;
  }
}

/** What the workers' proxy is handed by the process before; `undefined` for nothing. */
export function handedTo({ predecessor }: NativeStart): WorkerProxyOptions["handed"] {
  if (predecessor === undefined) return undefined;
  const { apps, paths } = predecessor.hello;
  return { apps: apps.map(takenOver), paths: new Set(paths) };
}

/** Checks what the process before has handed of an app. @throws {ConfigError} for a fault that this version does not know. */
export function takenOver(app: HandedApp): TakenOverApp {
  const { faults } = app;
  return { ...app, faults: faults && { ...faults, faults: resolveFaults(faults.faults) } };
}

/** Warns of sockets that a service manager has passed and nothing listens on. */
export function warnOfUnused(log: Logger, unused: readonly InheritedSocket[]): void {
  for (const { name, address } of unused) {
    log.warning(
      'systemd passes the socket "{name}" ({address}), and no app listens on it: its clients wait; ' +
        'add "systemd:{name}" to an app, or remove it from the socket unit',
      { name, address: formatAddress(address) },
    );
  }
}

/** Reads the variables, and removes them: programs that this one starts must not take its sockets for theirs. */
function takeActivation(process: NativeProcess, log: Logger): ReturnType<typeof readActivation> {
  const [pid, count, names] = ACTIVATION_VARIABLES.map((name) => process.variable(name));
  const activation = readActivation({ pid, count, names }, Deno.pid);
  for (const name of ACTIVATION_VARIABLES) process.removeVariable(name);
  // Variables of another process are left over from a parent.
  if (activation.problem !== undefined && pid === String(Deno.pid)) {
    log.warning("socket activation: {problem}; no socket is used", { problem: activation.problem });
  }
  return activation;
}

/** A descriptor and its name, which one that the process before has bound lacks. */
interface Passed {
  readonly fd: number;
  readonly name: string | null;
}

/** @throws {StartError} when one of them is no listening stream socket. */
async function inspectAll(
  process: NativeProcess,
  passed: readonly Passed[],
  predecessor: Predecessor | undefined,
): Promise<InheritedSocket[]> {
  try {
    return passed.map((each) => inspect(process, each));
  } catch (error) {
    await predecessor?.fail(errorMessage(error));
    throw error;
  }
}

function inspect(process: NativeProcess, { fd, name }: Passed): InheritedSocket {
  try {
    return { name: name ?? undefined, ...process.inspect(fd) };
  } catch (error) {
    if (!(error instanceof PassedSocketError)) throw error;
    throw new StartError(
      name === null
        ? `start: descriptor ${fd} of the running process is ${error.message}; restart instead`
        : `start: the socket "${name}" that systemd passes (descriptor ${fd}) is ${error.message}; ` +
          "pass listening stream sockets alone (ListenStream=, Accept=no)",
      { cause: error },
    );
  }
}

function missing(passed: readonly Passed[], problem: string | undefined): string {
  const names = [...new Set(passed.flatMap(({ name }) => name === null ? [] : `"${name}"`))].join(", ");
  if (problem !== undefined && names === "") return `the passed sockets cannot be used: ${problem}`;
  if (names === "") {
    return "systemd passed no socket; start the service by its socket unit, or give an address";
  }
  return `systemd passed no socket of this name, but ${names}; correct it, or FileDescriptorName= of the socket unit`;
}
