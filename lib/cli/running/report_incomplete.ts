import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import { visible } from "../terminal/cells.ts";
import type { RemoteProxy } from "./remote_proxy.ts";

/** Says which workers a command has not reached, and returns its exit code: 1 where there are any. */
export async function reportIncomplete(command: string, proxy: RemoteProxy, io: Io): Promise<number> {
  for (const worker of proxy.incomplete) {
    await io.complain(`${command}: incomplete: ${visible(worker)}; try again`);
  }
  return proxy.incomplete.length === 0 ? EXIT.done : EXIT.failed;
}
