import { BufferPool, Flow, type RelayEnd } from "../../lib/relay/mod.ts";
import { connectTo } from "./clients.ts";
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
  readonly nearClient: Deno.TcpConn;
  readonly target: Deno.TcpConn;
  readonly nearTarget: Deno.TcpConn;
  /** Relays between the near ends, and closes them as a session does; once. */
  run(engine: EngineCase): SocketRelay;
}

export async function connectedEnds(): Promise<ConnectedEnds> {
  const [client, nearClient] = await socketPair();
  const [nearTarget, target] = await socketPair();
  const controller = new AbortController();
  let ended: Promise<unknown> = Promise.resolve();
  const close = (): void => {
    nearClient[Symbol.dispose]();
    nearTarget[Symbol.dispose]();
  };
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
          nearTarget.close();
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
    },
  };
}

async function socketPair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([connectTo(listener.addr.port), listener.accept()]);
}
