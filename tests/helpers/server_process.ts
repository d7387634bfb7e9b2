import { freePort } from "./free_ports.ts";

/** A server of the machine's, run by the test on a port of loopback. Disposing of it ends it. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
}

/** Starts a Redis server without files. */
export async function startRedis(): Promise<ServerProcess> {
  const port = freePort();
  const args = ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"];
  return await start("redis-server", args, { port });
}

/** Starts an nginx that answers the given paths with the given status, and others with 404. */
export async function startNginx(statuses: Readonly<Record<string, number>>): Promise<ServerProcess> {
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "nginx-" });
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  const locations = Object.entries(statuses)
    .map(([path, status]) => `location = ${path} { return ${status}; }`).join(" ");
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
events { worker_connections 64; }
http { ${paths} access_log off; server { listen 127.0.0.1:${port}; ${locations} location / { return 404; } } }
`,
  );
  const args = ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
  return await start("nginx", args, { port, folder });
}

interface Place {
  readonly port: number;
  /** Removed in the end. */
  readonly folder?: string;
}

async function start(command: string, args: string[], { port, folder }: Place): Promise<ServerProcess> {
  const process = new Deno.Command(command, {
    args,
    // Debian keeps servers where an ordinary user's PATH does not lead.
    env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/sbin` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const status = process.status.finally(() => ended = true);
  const dispose = async (): Promise<void> => {
    if (!ended) process.kill("SIGTERM");
    await status;
    if (folder !== undefined) await Deno.remove(folder, { recursive: true });
  };
  while (!ended && !await isListening(port)) await new Promise((resolve) => setTimeout(resolve, 10));
  if (ended) {
    await dispose();
    throw new Error(`start ${command}: it has ended, a server on port ${port} was wanted`);
  }
  return { port, [Symbol.asyncDispose]: dispose };
}

async function isListening(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
