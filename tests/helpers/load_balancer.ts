import { freePort } from "./free_ports.ts";
import { connectWhenListening } from "./haproxy.ts";

/** How an HAProxy speaks to what is behind it. */
export interface LoadBalancerOptions {
  readonly targetPort: number;
  /** What is added to its `server` line: `send-proxy`, for instance. */
  readonly server: string;
  /** What is added to its `bind` line: `ssl crt FILE`, for instance. */
  readonly bind?: string;
  /** Other lines, a check for instance. */
  readonly lines?: readonly string[];
}

/** Runs an HAProxy in TCP mode in front of a port; ends it when `use` has returned. */
export async function withLoadBalancer(
  { targetPort, server, bind = "", lines = [] }: LoadBalancerOptions,
  use: (connect: () => Promise<Deno.TcpConn>) => Promise<void>,
): Promise<void> {
  const port = freePort();
  const config = await Deno.makeTempFile({ suffix: ".cfg" });
  await Deno.writeTextFile(
    config,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen front
  bind 127.0.0.1:${port} ${bind}
  ${lines.join("\n  ")}
  server target 127.0.0.1:${targetPort} ${server}
`,
  );
  const process = new Deno.Command("haproxy", {
    args: ["-db", "-f", config],
    env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/sbin` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await use(() => connectWhenListening(port));
  } finally {
    process.kill("SIGTERM");
    await process.status;
    await Deno.remove(config);
  }
}
