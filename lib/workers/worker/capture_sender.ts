import type { CaptureOrder, ThreadCaptures } from "../../capture/mod.ts";
import type { FromWorker, ToWorker } from "../channel/messages.ts";

/** The messages to a worker that are about captures. */
export type CaptureCommand = Extract<ToWorker, { kind: "capture" | "capture_end" }>;

/** Carries out the captures that the control plane leads, and sends it their packets. */
export class CaptureSender {
  readonly #post: (message: FromWorker, transfer?: Transferable[]) => void;

  constructor(post: (message: FromWorker, transfer?: Transferable[]) => void) {
    this.#post = post;
  }

  receive(captures: ThreadCaptures, command: CaptureCommand): void {
    switch (command.kind) {
      case "capture":
        return this.begin(captures, command.order);
      case "capture_end":
        return captures.end(command.capture);
    }
  }

  begin(captures: ThreadCaptures, order: CaptureOrder): void {
    const { capture } = order;
    const hasBegun = captures.begin(order, {
      packets: (blocks, counts) =>
        this.#post({ kind: "capture_packets", capture, blocks, counts }, [blocks.buffer]),
      ended: () => this.#post({ kind: "capture_ended", capture }),
    });
    this.#post({ kind: hasBegun ? "capture_begun" : "capture_ended", capture });
  }
}
