import { until } from "../until.ts";
import { freePort } from "../free_ports.ts";
import { missingTools } from "../programs/tools.ts";

/** Where Debian keeps nginx's stream module, which is a package of its own. */
const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** What of nginx with its stream module is missing, for a test's name. */
export function missingNginx(): string[] {
  const missing = missingTools("nginx");
  if (missing.length > 0) return missing;
  try {
    Deno.statSync(STREAM_MODULE);
    return [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return ["nginx's stream module"];
    throw error;
  }
}

/**
 * Runs an nginx whose stream block has one server, given the port that it listens on: `listen` is what follows the
 * address, `body` its directives. Ends it when `use` has returned.
 */
export async function withNginx(
  server: { readonly listen?: string; readonly body: string },
  use: (port: number) => Promise<void>,
): Promise<void> {
  const port = freePort();
  const blocks = `stream {
  access_log off;
  server {
    listen 127.0.0.1:${port} ${server.listen ?? ""};
    ${server.body}
  }
}
`;
  await withNginxOf({ load: `load_module ${STREAM_MODULE};`, blocks }, () => use(port));
}

/** Runs an nginx that answers every HTTP request, at any loopback address of the port that `use` is given. */
export async function withNginxHttp(use: (port: number) => Promise<void>): Promise<void> {
  const port = freePort();
  const blocks = `http {
  access_log off;
  server {
    listen ${port};
    location / { return 200 "hello"; }
  }
}
`;
  await withNginxOf({ load: "", blocks }, () => use(port));
}

/** Runs an nginx with what stands in its stream block; ends it when `use` has returned. */
export async function withNginxStream(stream: string, use: () => Promise<void>): Promise<void> {
  const blocks = `stream {\n  access_log off;\n${stream}\n}\n`;
  await withNginxOf({ load: `load_module ${STREAM_MODULE};`, blocks }, use);
}

async function withNginxOf(
  { load, blocks }: { readonly load: string; readonly blocks: string },
  use: () => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "nginx-" });
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `${load}
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr;
events { worker_connections 4096; }
${blocks}`,
  );
  const process = new Deno.Command("nginx", {
    args: ["-p", folder, "-c", `${folder}/nginx.conf`],
    env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/sbin` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  const status = process.status.then(() => void (ended = true));
  try {
    await until(() => ended || isFile(`${folder}/pid`));
    if (ended) throw new Error("start nginx: it ended at once");
    await use();
  } finally {
    if (!ended) process.kill("SIGTERM");
    await status;
    await Deno.remove(folder, { recursive: true });
  }
}

/** nginx writes its pid when it listens. */
function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).size > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
