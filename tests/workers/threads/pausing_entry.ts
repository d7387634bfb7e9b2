/**
 * A worker whose accepting pauses as soon as it may accept, and that dies of it.
 *
 * @module
 */
import type { FromWorker, ToWorker } from "../../../lib/workers/channel/messages.ts";

const port = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
};

port.onmessage = ({ data }): void => {
  switch (data.kind) {
    case "start": {
      const listeners = data.config.apps.flatMap(({ name: app, listen }) =>
        listen.map((address) => ({ app, address }))
      );
      return port.postMessage({ kind: "bound", listeners, confinement: undefined });
    }
    case "accept": {
      const error = { message: "Too many open files", code: "EMFILE", stack: undefined };
      port.postMessage({ kind: "accept_paused", listener: 0, error });
      throw new Error("die");
    }
    case "drain":
    case "stop":
      return port.postMessage({ kind: "ended" });
  }
};
port.postMessage({ kind: "loaded" });
