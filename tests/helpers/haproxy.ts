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
  readonly use: (haproxy: Haproxy) => Promise<void>;
}

/** Runs an HAProxy in TCP mode, and ends it. */
export async function withHaproxy(options: HaproxyOptions): Promise<void> {
  using target = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = freePort();
  const config = await Deno.makeTempFile({ suffix: ".cfg" });
  await Deno.writeTextFile(
    config,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend front
  bind 127.0.0.1:${port} ${options.bind ?? ""}
  unique-id-format ${options.uniqueId ?? "id-7"}
  default_backend back
backend back
  server target 127.0.0.1:${target.addr.port} ${options.server ?? ""}
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
    await options.use({ port, target });
  } finally {
    process.kill("SIGTERM");
    await process.status;
    await Deno.remove(config);
  }
}

/** HAProxy binds ports that it is told; one that was free a moment ago is the best that there is. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
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
