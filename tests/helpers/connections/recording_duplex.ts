import type { Address } from "../../../lib/base/mod.ts";
import { ScriptedDuplex } from "./scripted_duplex.ts";

/** A silent connection that keeps, in order, what was asked of its socket: `no delay`, `write 28`. */
export class RecordingDuplex extends ScriptedDuplex {
  readonly asked: string[] = [];
  readonly local: Address = { kind: "tcp", host: "127.0.0.1", port: 1 };
  readonly peer: Address = { kind: "tcp", host: "127.0.0.1", port: 2 };

  constructor(pieces: readonly Uint8Array[] = [], end: "silence" | "fin" = "silence") {
    super(pieces, end);
  }

  setNoDelay(on = true): void {
    this.asked.push(on ? "no delay" : "delay");
  }

  override write(bytes: Uint8Array): Promise<number> {
    this.asked.push(`write ${bytes.length}`);
    return super.write(bytes);
  }
}
