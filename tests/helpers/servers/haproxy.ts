import { freePort } from "../free_ports.ts";
import { TemporaryFolder } from "../temporary_folder.ts";

/** A running HAProxy, from its port to the listener that stands for its server. */
export interface Haproxy {
  readonly port: number;
  readonly target: Deno.TcpListener;
}

/** What is added to the lines of its configuration. */
export interface HaproxyOptions {
  /** To `bind`: `accept-proxy`, for instance. */
  readonly bind?: string;
  /** The format of its unique ids; default `id-7`. */
  readonly uniqueId?: string;
  /** To `server`: `send-proxy`, for instance. */
  readonly server?: string;
  /** Other lines of its front end. */
  readonly lines?: readonly string[];
  readonly use: (haproxy: Haproxy) => Promise<void>;
}

/** Runs an HAProxy in TCP mode in front of a listener of the test's; ends it when `use` has returned. */
export async function withHaproxy(options: HaproxyOptions): Promise<void> {
  using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = freePort();
  await runHaproxy(
    `frontend front
  bind 127.0.0.1:${port} ${options.bind ?? ""}
  unique-id-format ${options.uniqueId ?? "id-7"}
  ${(options.lines ?? []).join("\n  ")}
  default_backend back
backend back
  server target 127.0.0.1:${target.addr.port} ${options.server ?? ""}
`,
    () => options.use({ port, target }),
  );
}

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
  await runHaproxy(
    `listen front
  bind 127.0.0.1:${port} ${bind}
  ${lines.join("\n  ")}
  server target 127.0.0.1:${targetPort} ${server}
`,
    () => use(() => connectWhenListening(port)),
  );
}

/** Runs an HAProxy with these sections in its config. */
function runHaproxy(sections: string, use: () => Promise<void>): Promise<void> {
  return withHaproxyConfig(
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
${sections}`,
    use,
  );
}

/** Runs an HAProxy with a whole config; ends it when `use` has returned. */
export async function withHaproxyConfig(text: string, use: () => Promise<void>): Promise<void> {
  await using folder = new TemporaryFolder();
  const config = await folder.write("haproxy.cfg", text);
  const process = new Deno.Command("haproxy", {
    args: ["-db", "-f", config],
    env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/sbin` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await use();
  } finally {
    process.kill("SIGTERM");
    await process.status;
  }
}

/** Connects as soon as HAProxy listens, of which it gives no sign. */
export async function connectWhenListening(port: number): Promise<Deno.TcpConn> {
  for (let attempt = 0;; attempt++) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (attempt === 250 || !(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
