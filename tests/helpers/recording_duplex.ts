import { ScriptedDuplex } from "./scripted_duplex.ts";

/** A silent connection that keeps, in order, what was asked of its socket: `no delay`, `write 28`. */
export class RecordingDuplex extends ScriptedDuplex {
  readonly asked: string[] = [];
  readonly localAddr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  readonly remoteAddr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 2 };

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
