import type { Lab } from "./system/lab.ts";
import { maxOpenFiles } from "./system/proc.ts";
import { findProgram, programPath } from "./system/programs.ts";

/** Bytes of the static reply's body: one small packet with its head. */
const REPLY_BODY = "hello from the bench\n";

/** Where the proxies' connections end. */
export interface Backend {
  /** Port on 127.0.0.1 of nginx with a small static reply, `undefined` when nginx is not installed. */
  readonly httpPort: number | undefined;
  /** The same, behind a PROXY header. */
  readonly proxyPort: number | undefined;
  /** Port on 127.0.0.1 of the iperf3 server, `undefined` when iperf3 is not installed. */
  readonly bulkPort: number | undefined;
}

/** Options of {@link startHttp}. */
export interface HttpOptions {
  /** Worker processes; default 1. */
  readonly workers?: number;
  /** Addresses that answer on the port; default 127.0.0.1 alone. */
  readonly hosts?: readonly string[];
  /** A second port, whose connections begin with a PROXY header; default none. */
  readonly proxyPort?: number | undefined;
}

/** Starts what is installed of nginx and iperf3 and resolves when both listen. */
export async function startBackend(lab: Lab, options: HttpOptions = {}): Promise<Backend> {
  const hasNginx = findProgram("nginx") !== undefined;
  const proxyPort = hasNginx ? lab.freePort() : undefined;
  const httpPort = hasNginx ? await startHttp(lab, { ...options, proxyPort }) : undefined;
  const bulkPort = findProgram("iperf3") === undefined ? undefined : await startBulk(lab);
  return { httpPort, proxyPort, bulkPort };
}

/** Starts nginx with one small static reply for every request and gives its port. */
export async function startHttp(lab: Lab, options: HttpOptions = {}): Promise<number> {
  const port = lab.freePort();
  const hosts = options.hosts ?? ["127.0.0.1"];
  const listens = hosts.map((host) => `listen ${host}:${port} backlog=4096;`);
  if (options.proxyPort !== undefined) {
    listens.push(`listen 127.0.0.1:${options.proxyPort} proxy_protocol backlog=4096;`);
  }
  const files = maxOpenFiles();
  const config = await lab.write(
    `http-${port}.conf`,
    `daemon off;
pid ${lab.dir}/http-${port}.pid;
error_log stderr error;
worker_processes ${options.workers ?? 1};
worker_rlimit_nofile ${files};
events { worker_connections ${files}; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_header_timeout 1h;
  client_body_temp_path ${lab.dir}/body;
  proxy_temp_path ${lab.dir}/proxy;
  fastcgi_temp_path ${lab.dir}/fastcgi;
  uwsgi_temp_path ${lab.dir}/uwsgi;
  scgi_temp_path ${lab.dir}/scgi;
  server {
${listens.map((listen) => `    ${listen}`).join("\n")}
    location / { default_type text/plain; return 200 ${JSON.stringify(REPLY_BODY)}; }
  }
}
`,
  );
  const child = lab.start(programPath("nginx"), { args: ["-p", lab.dir, "-e", "stderr", "-c", config] });
  await lab.listening([port], [child]);
  return port;
}

async function startBulk(lab: Lab): Promise<number> {
  const port = lab.freePort();
  const child = lab.start(programPath("iperf3"), {
    args: ["--server", "--bind", "127.0.0.1", "--port", `${port}`],
  });
  await lab.listening([port], [child]);
  return port;
}
