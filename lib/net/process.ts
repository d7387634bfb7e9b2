/**
 * This process beside others: sockets that it was started with, and a program that it hands its own to.
 *
 * @module
 */
import type { Address } from "../base/mod.ts";
import type { SocketHandle } from "./transport.ts";

/** A listening socket that another process has opened. */
export interface PassedSocket {
  readonly address: Address;
  readonly handle: SocketHandle;
}

/** A program to start with sockets of this process. */
export interface SpawnOptions {
  /** The words of its command line; the first is the program, looked up in `PATH` if it has no slash. */
  readonly words: readonly string[];
  /** Variables that it gets in place of those of this process; `undefined` for none of this name. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** What it finds open as descriptors 3 and up. They stay open here. */
  readonly descriptors: readonly number[];
}

/** How a program has ended. */
export type ProgramEnd =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: number };

/** What this process does beside sockets of its own. All of it acts at once. */
export interface NativeProcess {
  /** An environment variable; needs no permission of its own. */
  variable(name: string): string | undefined;
  /** Removes a variable, for programs that this one starts too. */
  removeVariable(name: string): void;
  /** The words that this process was started with, its program first. @throws the system's error. */
  commandLine(): readonly string[];
  /**
   * Looks at a descriptor that the process was started with, which is not inherited any further from here on.
   *
   * @throws {PassedSocketError} when it is no listening stream socket; the message says what it is.
   */
  inspect(fd: number): PassedSocket;
  /** Opens two sockets that are connected with each other. @throws the system's error. */
  socketPair(): readonly [number, number];
  /** Starts a program and returns its process id. @throws the system's error when it cannot be started. */
  spawn(options: SpawnOptions): number;
  /** How a program that this process has started has ended; `undefined` while it runs. Tells it once. */
  endOf(pid: number): ProgramEnd | undefined;
  /** Ends a program that this process has started and not yet seen end. */
  kill(pid: number, how: "gently" | "at once"): void;
  /** Writes to a descriptor that the process was started with, as much as there is room for. */
  write(fd: number, bytes: Uint8Array<ArrayBuffer>): void;
  closeDescriptor(fd: number): void;
  /** Nothing may be called afterwards. */
  close(): void;
}

/** A passed descriptor that nothing can be accepted on; the message says what it is. */
export class PassedSocketError extends Error {
  override readonly name = "PassedSocketError";
}
