import type { Duplex } from "../../../lib/base/mod.ts";
import { BufferPool, Flow, type RelayEnd } from "../../../lib/relay/mod.ts";
import { connectTo } from "../clients.ts";
import type { EngineCase } from "./relay_bench.ts";

/** An engine that relays between real sockets. */
export interface SocketRelay {
  readonly up: Flow;
  readonly down: Flow;
  readonly end: Promise<RelayEnd>;
  /** What it lingers for; `undefined` if it does not. */
  lingered(): RelayEnd | undefined;
}

/** A client and a target on loopback, each with a near end for an engine. Disposing of it closes all four. */
export interface ConnectedEnds extends AsyncDisposable {
  readonly client: Deno.TcpConn;
  readonly nearClient: Duplex;
  readonly target: Deno.TcpConn;
  readonly nearTarget: Duplex;
  /** Relays between the near ends, and closes them as a session does; once. */
  run(engine: EngineCase): SocketRelay;
}

export async function connectedEnds(engine?: Pick<EngineCase, "dial">): Promise<ConnectedEnds> {
  const dial = engine?.dial?.() ?? RUNTIME_DIAL;
  const [client, nearClient] = await socketPair(dial);
  const [target, nearTarget] = await socketPair(dial);
  const controller = new AbortController();
  let ended: Promise<unknown> = Promise.resolve();
  const open = new Set([nearClient, nearTarget]);
  const closeOne = (near: Duplex): void => {
    if (open.delete(near)) near.close();
  };
  const close = (): void => open.forEach(closeOne);
  return {
    client,
    nearClient,
    target,
    nearTarget,
    run: (engine): SocketRelay => {
      const up = new Flow("up", 0);
      const down = new Flow("down", 0);
      let lingered: RelayEnd | undefined;
      const relay = engine.create({ buffers: new BufferPool(), ticker: { nowMs: 0 } });
      const end = relay({ client: nearClient, target: nearTarget }, {
        up,
        down,
        prefetched: undefined,
        pendingRead: undefined,
        get aborted() {
          return controller.signal.aborted;
        },
        signal: controller.signal,
        stop: close,
        linger: (noted) => {
          lingered = noted;
          closeOne(nearTarget);
        },
      }).finally(close);
      ended = end;
      return { up, down, end, lingered: () => lingered };
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      controller.abort();
      close();
      client[Symbol.dispose]();
      target[Symbol.dispose]();
      await ended;
      await dial.end();
    },
  };
}

/** Makes the near ends of connections. */
export interface NearDial {
  connect(port: number): Promise<Duplex>;
  /** Called when all of them are closed. */
  end(): Promise<void>;
}

const RUNTIME_DIAL: NearDial = { connect: connectTo, end: () => Promise.resolve() };

/** A far end and the near one. */
async function socketPair(dial: NearDial): Promise<[Deno.TcpConn, Duplex]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([listener.accept(), dial.connect(listener.addr.port)]);
}
