import type { Io } from "../../lib/cli/io.ts";

/** Keeps what a command says. */
export class CapturedIo implements Io {
  printed = "";
  complaints = "";

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
