/**
 * The module that a worker runs. It is referred to only by URL, so a bundler must include it explicitly.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../channel/messages.ts";
import { WorkerPlane } from "./worker_plane.ts";

/** A worker's end of its channel. The program is type-checked with the main thread's globals, which have none. */
interface Port {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

const port = globalThis as unknown as Port;
const plane = new WorkerPlane((message, transfer) => port.postMessage(message, transfer));

// An uncaught error must not end the worker, and every connection with it.
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  plane.defect(event.error);
});
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  plane.defect(event.reason);
});

port.onmessage = ({ data }): void => plane.receive(data);
port.postMessage({ kind: "loaded" });
