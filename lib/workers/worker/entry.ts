/**
 * What a worker runs. It is named by its address alone, so whoever packs the program must be told of it.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../channel/messages.ts";
import { WorkerPlane } from "./worker_plane.ts";

/** A worker's end of its channel; the program is checked with the types of the main thread, which has none. */
interface Port {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}

const port = globalThis as unknown as Port;
const plane = new WorkerPlane((message) => port.postMessage(message));

// A defect in one corner must not end the worker, and with it every connection that it carries.
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
