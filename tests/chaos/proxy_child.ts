/**
 * A proxy as a process of its own: one app in front of the targets that its arguments name. Writes its port as a line,
 * drains at SIGTERM.
 *
 * @module
 */
import { Proxy } from "../../lib/proxy/mod.ts";
import { configOf, ProxyLog } from "../helpers/proxy/proxy.ts";

async function main(targets: readonly string[]): Promise<void> {
  const config = configOf({
    shutdown: { "drain_timeout": "2s" },
    apps: [{ targets, "idle_timeout": "5s", "connect_timeout": "1s" }],
  });
  const log = new ProxyLog();
  const proxy = await Proxy.start(config, { observer: log });
  const [listener] = proxy.listeners();
  const port = listener?.address.kind === "tcp" ? listener.address.port : 0;
  await Deno.stdout.write(new TextEncoder().encode(`${port}\n`));
  await new Promise<void>((resolve) => {
    const onSignal = (): void => {
      Deno.removeSignalListener("SIGTERM", onSignal);
      resolve();
    };
    Deno.addSignalListener("SIGTERM", onSignal);
  });
  await proxy.drain();
  if (log.defects.length > 0) throw new Error("the proxy has a defect", { cause: log.defects[0] });
}

if (import.meta.main) {
  // What rejects here ends the process with a trace, which the test sees.
  main(Deno.args);
}
