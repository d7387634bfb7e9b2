import type { TestCertificate } from "../tls/certificates.ts";
import { freePort } from "../free_ports.ts";
import { hasTool } from "../programs/tools.ts";

/** The password of the user `postgres` of every server of a {@link PostgresLab}. */
export const POSTGRES_PASSWORD = "p4ssw0rd";

/** How a server of a lab is started. */
export interface PostgresOptions {
  /** What `show cluster_name` answers. */
  readonly name: string;
  /** The server's certificate, or `undefined` for a server without TLS. With one, it takes no session without TLS. */
  readonly certificate?: TestCertificate;
}

/** PostgreSQL servers on ports of loopback, with passwords by SCRAM. */
export class PostgresLab implements AsyncDisposable {
  readonly #folder: string;
  readonly #servers: Deno.ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** The programs that are missing here, as `missingTools` names them. */
  static missing(): string[] {
    return [...(programs() === undefined ? ["postgres"] : []), ...(hasTool("psql") ? [] : ["psql"])];
  }

  /** Makes the files of a server, of which each server gets a copy. */
  static async create(): Promise<PostgresLab> {
    const folder = await Deno.makeTempDir({ prefix: "postgres-" });
    await run("chmod", "711", folder);
    await Deno.writeTextFile(`${folder}/password`, POSTGRES_PASSWORD);
    await run("chmod", "644", `${folder}/password`);
    const lab = new PostgresLab(folder);
    await run("mkdir", `${folder}/data`);
    await lab.#own(`${folder}/data`);
    const auth = ["-A", "scram-sha-256", "-U", "postgres", `--pwfile=${folder}/password`];
    await run(...asUser("initdb", "-D", `${folder}/data`, "--no-sync", "--no-locale", ...auth));
    return lab;
  }

  /** Starts a server, and gives its port once it answers. */
  async start({ name, certificate }: PostgresOptions): Promise<number> {
    const data = `${this.#folder}/${name}`;
    await run("cp", "-a", `${this.#folder}/data`, data);
    const kind = certificate === undefined ? "host" : "hostssl";
    await Deno.writeTextFile(`${data}/pg_hba.conf`, `${kind} all all 127.0.0.1/32 scram-sha-256\n`);
    const settings = [`cluster_name=${name}`, "listen_addresses=127.0.0.1", "fsync=off"];
    settings.push("unix_socket_directories=", "shared_buffers=1MB", "max_connections=20", "autovacuum=off");
    if (certificate !== undefined) {
      await Deno.writeTextFile(`${data}/server.crt`, certificate.cert);
      await Deno.writeTextFile(`${data}/server.key`, certificate.key);
      await run("chmod", "600", `${data}/server.key`);
      settings.push("ssl=on");
    }
    await this.#own(data);
    const port = freePort();
    const args = ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
    const [command = "", ...rest] = asUser("postgres", ...args);
    const server = new Deno.Command(command, { args: rest, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    this.#servers.push(server);
    for (let tries = 0; !await isUp(data); tries++) {
      if (tries === 1000) throw new Error(`start postgres: no server on port ${port} within 10 s`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.kill("SIGINT");
    await Promise.all(this.#servers.map((server) => server.status));
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** A server refuses to run as root, and to use files of another user. */
  async #own(path: string): Promise<void> {
    if (Deno.uid() === 0) await run("chown", "-R", "postgres", path);
  }
}

/** What came of a run of psql. */
export interface PsqlResult {
  readonly success: boolean;
  /** What it printed, on standard output or else on standard error. */
  readonly text: string;
}

/** Runs one statement with psql, as the user `postgres` with the password, by the settings of a connection string. */
export async function psql(
  settings: Readonly<Record<string, string | number>>,
  statement = "show cluster_name",
): Promise<PsqlResult> {
  const text = Object.entries({
    hostaddr: "127.0.0.1",
    user: "postgres",
    dbname: "postgres",
    connect_timeout: 10,
    gssencmode: "disable",
    ...settings,
  }).map(([key, value]) => `${key}=${value}`).join(" ");
  const { success, stdout, stderr } = await new Deno.Command("psql", {
    args: ["-X", "-A", "-t", "-c", statement, text],
    env: { PGPASSWORD: POSTGRES_PASSWORD },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(success ? stdout : stderr).trim() };
}

/** `postmaster.pid` says so in its last line. */
async function isUp(data: string): Promise<boolean> {
  try {
    return (await Deno.readTextFile(`${data}/postmaster.pid`)).includes("ready");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Where Debian has the server's programs, the newest version first. */
function programs(): string | undefined {
  const root = "/usr/lib/postgresql";
  try {
    const [version] = [...Deno.readDirSync(root)].map(({ name }) => Number(name)).sort((a, b) => b - a);
    return version === undefined ? undefined : `${root}/${version}/bin`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function asUser(program: string, ...args: readonly string[]): string[] {
  const command = [`${programs()}/${program}`, ...args];
  return Deno.uid() === 0
    ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", ...command]
    : command;
}

async function run(...words: readonly string[]): Promise<void> {
  const [command = "", ...args] = words;
  const { success, stderr } = await new Deno.Command(command, { args, cwd: "/", stdout: "null" }).output();
  if (!success) throw new Error(`run ${command}: ${new TextDecoder().decode(stderr)}`);
}
