/**
 * A server that answers before it has read what it is asked, and is gone: `early_answers.ts PORT`. A connection's first
 * line says how many bytes to answer with; what follows it is never read, so that the kernel sends RST at the end.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import { readIfThere } from "../system/proc.ts";

/**
 * Whether the peer's kernel has acknowledged all that was written, by the text of /proc/net/tcp. A connection that is not
 * in it has nothing left.
 */
export function isAcknowledged(text: string, localPort: number, remotePort: number): boolean {
  const suffix = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const line of text.split("\n")) {
    const [, local, remote, , queues] = line.trim().split(/\s+/);
    if (local?.endsWith(suffix(localPort)) && remote?.endsWith(suffix(remotePort))) {
      return parseInt(queues ?? "", 16) === 0;
    }
  }
  return true;
}

/** Answers, and resets as soon as the own kernel has nothing of the answer left: that it would throw away. */
function serve(socket: Socket): void {
  // A client may leave first.
  socket.on("error", () => {});
  socket.once("data", (request) => {
    socket.pause();
    const bytes = parseInt(new TextDecoder().decode(request));
    socket.write(new Uint8Array(bytes), () => resetWhenAcknowledged(socket));
  });
}

/** Asks as often as can be, so that the proxy has had no time to do more than take it. */
function resetWhenAcknowledged(socket: Socket): void {
  const { localPort = 0, remotePort = 0 } = socket;
  if (isAcknowledged(readIfThere("/proc/net/tcp") ?? "", localPort, remotePort)) socket.resetAndDestroy();
  else setImmediate(() => resetWhenAcknowledged(socket));
}

if (import.meta.main) createServer(serve).listen(Number(Deno.args[0]), "127.0.0.1");
