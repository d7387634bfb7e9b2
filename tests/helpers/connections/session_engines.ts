import { polledEngine, pumpEngine, type RelayEngine, streamEngine } from "../../../lib/relay/mod.ts";
import type { EngineParts } from "./relay_bench.ts";

/** An engine that sessions may relay with; a connection in memory suits each. */
export interface SessionEngine {
  readonly name: string;
  create(parts: EngineParts): RelayEngine;
}

/** All of them. */
export const SESSION_ENGINES: readonly SessionEngine[] = [
  { name: "pump", create: pumpEngine },
  { name: "polled", create: polledEngine },
  { name: "stream pipeline", create: (parts) => streamEngine({ ...parts, up: [], down: [] }) },
];
