import { freePort } from "../helpers/free_ports.ts";
import {
  postgresPrograms,
  type ServerProcess,
  startPostgres,
  startRedis,
} from "../helpers/servers/server_process.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { TlsLab } from "../helpers/tls/tls_lab.ts";
import { hasTool } from "../helpers/programs/tools.ts";
import { patternAt } from "./pattern.ts";
import { download, proxyHeaderEcho, RestartingTarget, Uploads } from "./servers.ts";

/** The apps that are always there. */
const APPS = ["echo", "download", "upload", "tls", "proxied", "flaky", "redis", "postgres", "http"] as const;

export type AppName = typeof APPS[number];

/** Sizes of the files that the HTTP server has, each the beginning of the endless stream. */
export const FILE_BYTES = [300, 9_000, 120_000] as const;

/** Everything that the traffic goes to: servers, and the config of the proxy before them. */
export class Site implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly lab = new TlsLab();
  readonly uploads = new Uploads();
  readonly flaky: RestartingTarget;
  readonly admin = `127.0.0.1:${freePort()}`;
  /** Where the target of the app `echo` itself listens. */
  readonly directPort: number;
  readonly #ports: ReadonlyMap<string, number> = new Map(APPS.map((name) => [name, freePort()]));
  readonly #targets: Readonly<Partial<Record<AppName, readonly string[]>>>;
  readonly #owned: AsyncDisposable[];

  static async open(): Promise<Site> {
    const redis = hasTool("redis-server") ? await startRedis() : undefined;
    const postgres = postgresPrograms() === undefined ? undefined : await startPostgres([]);
    const http = hasTool("nginx") ? await startFiles() : undefined;
    return new Site({ redis, postgres, http });
  }

  private constructor(servers: Readonly<Partial<Record<"redis" | "postgres" | "http", ServerProcess>>>) {
    const echoes = [new TestTarget(echo), new TestTarget(echo)];
    this.directPort = echoes[0]?.port ?? 0;
    const downloads = new TestTarget(download);
    const uploads = new TestTarget(this.uploads.serve);
    const headers = new TestTarget(proxyHeaderEcho);
    this.flaky = new RestartingTarget(echo);
    const others = Object.values(servers).filter((each) => each !== undefined);
    this.#owned = [...echoes, downloads, uploads, headers, this.flaky, ...others];
    const both = echoes.map(({ address }) => address);
    this.#targets = {
      echo: both,
      download: [downloads.address],
      upload: [uploads.address],
      tls: both,
      proxied: [headers.address],
      flaky: [this.flaky.address, ...both],
      ...Object.fromEntries(
        Object.entries(servers).flatMap(([name, server]) =>
          server === undefined ? [] : [[name, [`127.0.0.1:${server.port}`]]]
        ),
      ),
    };
  }

  /** Whether the app's server is on this machine. */
  has(name: AppName): boolean {
    return this.#targets[name] !== undefined;
  }

  /** Where clients of an app connect to. */
  port(name: AppName): number {
    return this.#ports.get(name) ?? 0;
  }

  /** Writes the config of a round: each has other limits and weights. Returns its path. */
  config(round: number): Promise<string> {
    return this.folder.config({
      admin: { listen: this.admin },
      log: { format: "json", access: true },
      shutdown: { "drain_timeout": "10s" },
      apps: APPS.flatMap((name) => {
        const targets = this.#targets[name];
        if (targets === undefined) return [];
        return [{
          name,
          listen: [`127.0.0.1:${this.port(name)}`],
          targets: targets.map((address, index) => ({ address, weight: index === 0 ? round % 3 + 1 : 2 })),
          "idle_timeout": `${120 + round % 5}s`,
          ...this.#options(name),
        }];
      }),
    });
  }

  #options(name: AppName): Record<string, unknown> {
    switch (name) {
      case "tls":
        return { tls: { certificates: [{ cert: this.lab.local.certFile, key: this.lab.local.keyFile }] } };
      case "proxied":
        return { "proxy_protocol": { accept: "required", from: ["127.0.0.1"], send: "v2" } };
      case "flaky":
        return { balance: "round_robin" };
      default:
        return {};
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#owned.map((each) => each[Symbol.asyncDispose]()));
    this.lab[Symbol.dispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Starts an nginx that serves {@link FILE_BYTES}. */
async function startFiles(): Promise<ServerProcess> {
  const folder = await Deno.makeTempDir({ prefix: "nginx-" });
  const port = freePort();
  for (const bytes of FILE_BYTES) await Deno.writeFile(`${folder}/${bytes}`, patternAt(0, bytes));
  await Deno.writeTextFile(
    `${folder}/nginx.conf`,
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events { worker_connections 1024; }
http { access_log off; server { listen 127.0.0.1:${port}; location / { root ${folder}; } } }
`,
  );
  const process = new Deno.Command("nginx", {
    args: ["-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`],
    env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/sbin` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    port,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      process.kill("SIGTERM");
      await process.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
