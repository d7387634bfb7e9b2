import { type Address, formatAddress } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { PassedSocket, SocketHandle } from "../../net/mod.ts";
import type { PassedSockets } from "../../proxy/mod.ts";

/** Those of an engine that can use none. */
export const NO_PASSED_SOCKETS: PassedSockets = {
  named: () => [],
  missing:
    'the runtime\'s sockets cannot be passed ones; set "engine: native", or start with --engine native',
};

/** A listening socket that this process was started with. */
export interface InheritedSocket extends PassedSocket {
  /** The service manager's name of it; `undefined` for one that the process before this one has bound. */
  readonly name: string | undefined;
}

/**
 * The listening sockets that this process was started with. Those of a service manager are kept open for as long as the
 * process runs, since it passes them once: a reload may begin to use one, or leave it and take it up again.
 */
export class InheritedSockets implements PassedSockets {
  readonly missing: string;
  readonly #handles: Map<string, SocketHandle>;
  readonly #close: (fd: number) => void;
  #sockets: readonly InheritedSocket[];

  /**
   * @param handles where to put what opens the sockets a second time, by address.
   * @param missing why there is no socket of a name, and what to do.
   * @param close closes a descriptor.
   */
  constructor(
    sockets: readonly InheritedSocket[],
    { handles, missing, close }: {
      readonly handles: Map<string, SocketHandle>;
      readonly missing: string;
      close(fd: number): void;
    },
  ) {
    this.missing = missing;
    this.#sockets = sockets;
    this.#handles = handles;
    this.#close = close;
    for (const { address, handle } of sockets) handles.set(formatAddress(address), handle);
  }

  named(name: string): readonly Address[] {
    return this.#sockets.filter((each) => each.name === name).map(({ address }) => address);
  }

  /** Those that a service manager has passed. */
  list(): readonly InheritedSocket[] {
    return this.#sockets.filter(({ name }) => name !== undefined);
  }

  /** Those of a service manager that a config, with its addresses resolved, does not use. */
  unusedBy({ apps }: Config, admin: readonly Address[]): readonly InheritedSocket[] {
    const used = new Set([...apps.flatMap(({ listen }) => listen), ...admin].map(formatAddress));
    return this.list().filter(({ address }) => !used.has(formatAddress(address)));
  }

  /** Closes those that the process before this one has bound; what listens on them has them open by now. Idempotent. */
  settle(): void {
    for (const { name, address, handle } of this.#sockets) {
      if (name !== undefined) continue;
      this.#handles.delete(formatAddress(address));
      this.#close(handle.fd);
    }
    this.#sockets = this.list();
  }

  /** Closes all. */
  close(): void {
    for (const { handle } of this.#sockets) this.#close(handle.fd);
    this.#sockets = [];
    this.#handles.clear();
  }
}
