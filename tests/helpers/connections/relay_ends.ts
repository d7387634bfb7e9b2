import { Flow } from "../../../lib/relay/mod.ts";
import { type MemoryDuplex, memoryPipe, type MemoryPipeOptions } from "./memory_duplex.ts";

/** What a relay is between: two connections in memory with both far ends, its flows and its signal. */
export class RelayEnds {
  readonly up: Flow = new Flow("up", 0);
  readonly down: Flow = new Flow("down", 0);
  readonly controller: AbortController = new AbortController();
  /** What the client holds of its connection, and what the engine does. */
  readonly client: MemoryDuplex;
  readonly nearClient: MemoryDuplex;
  readonly target: MemoryDuplex;
  readonly nearTarget: MemoryDuplex;

  constructor(client: MemoryPipeOptions, target: MemoryPipeOptions = client) {
    [this.client, this.nearClient] = memoryPipe(client);
    [this.target, this.nearTarget] = memoryPipe(target);
  }
}
