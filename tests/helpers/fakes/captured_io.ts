import { concat } from "../bytes.ts";
import type { Io } from "../../../lib/cli/io.ts";

/** Keeps what a command says. */
export class CapturedIo implements Io {
  printed = "";
  complaints = "";
  /** The bytes that were written to stdout. */
  written: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** Whether stdout is a terminal. */
  isTerminal = false;
  readonly bytes: Io["bytes"];

  constructor() {
    const isTerminal = (): boolean => this.isTerminal;
    this.bytes = {
      get isTerminal() {
        return isTerminal();
      },
      write: (bytes): Promise<boolean> => {
        this.written = concat(this.written, bytes);
        return Promise.resolve(true);
      },
    };
  }

  print(text: string): Promise<void> {
    this.printed += `${text}\n`;
    return Promise.resolve();
  }

  complain(text: string): Promise<void> {
    this.complaints += `tcpproxy: ${text}\n`;
    return Promise.resolve();
  }

  report(text: string): Promise<void> {
    this.complaints += `${text}\n`;
    return Promise.resolve();
  }
}
