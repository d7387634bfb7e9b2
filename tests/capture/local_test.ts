import { LinuxTransport } from "../../lib/net/linux/transport.ts";
import { Proxy, type ProxyControl } from "../../lib/proxy/mod.ts";
import { testCaptureContract } from "../contract/captures.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";
import type { StartPlane } from "../helpers/proxy/plane.ts";

testCaptureContract("Proxy", (config, observer) => Proxy.start(config, { observer }));

if (hasLinuxSockets) testCaptureContract("Proxy on the kernel's own sockets", startOnLinux);

/** Starts a proxy on sockets by the kernel's own calls, which end with it. */
async function startOnLinux(...[config, observer]: Parameters<StartPlane>): Promise<ProxyControl> {
  const transport = new LinuxTransport();
  const proxy = await Proxy.start(config, { observer, transport });
  const stop = proxy.stop.bind(proxy);
  let ended: Promise<void> | undefined;
  proxy.stop = (): Promise<void> => ended ??= stop().then(() => transport.end());
  return proxy;
}
