import { freePort } from "../free_ports.ts";

/** A server of the machine's, run by the test on a port of loopback. Disposing of it ends it. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
}

/** Starts a Redis server without files, or with what is in a folder. */
export async function startRedis(options: readonly string[] = []): Promise<ServerProcess> {
  const port = freePort();
  const args = ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no"];
  return await start("redis-server", [...args, ...options], { port });
}

/** Where Debian keeps the programs of PostgreSQL: in a folder for each version; `undefined` where there is none. */
export function postgresPrograms(): string | undefined {
  const versions = "/usr/lib/postgresql";
  try {
    const [last] = [...Deno.readDirSync(versions)].map(({ name }) => name).sort((a, b) =>
      Number(b) - Number(a)
    );
    return last === undefined ? undefined : `${versions}/${last}/bin`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Starts a PostgreSQL server with the roles `admin` (who may all) and `health`, both trusted. */
export async function startPostgres(
  options: readonly string[],
  change: (folder: string) => Promise<void> = () => Promise.resolve(),
): Promise<ServerProcess> {
  const port = freePort();
  const folder = await ownFolder("postgres-");
  const programs = postgresPrograms() ?? "";
  await runAside(`${programs}/initdb`, ["-D", folder, "-U", "admin", "-A", "trust", "--no-sync"]);
  await runAside(
    `${programs}/postgres`,
    ["--single", "-D", folder, "postgres"],
    "create role health login;\n",
  );
  await change(folder);
  const args = ["-D", folder, "-p", String(port), "-c", "listen_addresses=127.0.0.1"];
  const common = [
    "-c",
    "unix_socket_directories=",
    "-c",
    "fsync=off",
    "-c",
    "superuser_reserved_connections=0",
  ];
  return await start(`${programs}/postgres`, [...args, ...common, ...options], {
    port,
    folder,
    isAside: true,
  });
}

/** What a MariaDB server has beside the usual. */
export interface MariadbOptions {
  /** Its certificate; default it has no TLS. */
  readonly tls?: MailTls;
  /** Statements that it begins with. */
  readonly init?: readonly string[];
}

/** Starts a MariaDB server with a user `health` from anywhere, without a password. */
export async function startMariadb(
  options: readonly string[] = [],
  { tls, init: statements = [] }: MariadbOptions = {},
): Promise<ServerProcess> {
  const port = freePort();
  const folder = await ownFolder("mariadb-");
  const init = `${folder}/init.sql`;
  await Deno.writeTextFile(init, ["CREATE USER health@'%';", ...statements, ""].join("\n"));
  if (tls !== undefined) {
    await Deno.writeTextFile(`${folder}/tls.pem`, tls.cert);
    await Deno.writeTextFile(`${folder}/tls.key`, tls.key);
  }
  const secure = tls === undefined
    ? ["--skip-ssl"]
    : [`--ssl-cert=${folder}/tls.pem`, `--ssl-key=${folder}/tls.key`];
  const data = `--datadir=${folder}/data`;
  await runAside("mariadb-install-db", ["--no-defaults", data, "--skip-test-db", "--skip-name-resolve"]);
  const args = ["--no-defaults", data, `--port=${port}`, "--bind-address=127.0.0.1", `--init-file=${init}`];
  const common = [`--socket=${folder}/s`, `--pid-file=${folder}/pid`, "--skip-log-bin", ...secure];
  return await start("mariadbd", [...args, ...common, ...options], { port, folder, isAside: true });
}

/** Starts an Exim that takes mail on a port, with these lines in its configuration; as root only. */
export async function startExim(...lines: readonly string[]): Promise<ServerProcess> {
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "exim-" });
  // It takes on an account of its own.
  await Deno.chmod(folder, 0o777);
  const common = [
    "primary_hostname = mail.test",
    `spool_directory = ${folder}`,
    `log_file_path = ${folder}/%slog`,
    "host_lookup =",
    "rfc1413_hosts =",
  ];
  const config = [...common, ...lines, "begin acl", "begin routers", "begin transports"].join("\n");
  await Deno.writeTextFile(`${folder}/config`, `${config}\n`);
  const args = ["-bdf", "-C", `${folder}/config`, "-oX", `127.0.0.1.${port}`, "-oP", `${folder}/pid`];
  return await start("exim4", args, { port, folder });
}

/** What TLS a mail server has. */
export interface MailTls {
  readonly cert: string;
  readonly key: string;
}

/** Starts a Dovecot for IMAP that lets everyone in with the password `secret`, with TLS or without; as root only. */
export async function startDovecot(greeting: string, tls?: MailTls): Promise<ServerProcess> {
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "dovecot-" });
  await Deno.chmod(folder, 0o777);
  const file = async (name: string, text: string): Promise<string> => {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return `${folder}/${name}`;
  };
  const secure = tls === undefined ? ["ssl = no", "disable_plaintext_auth = no"] : [
    "ssl = required",
    `ssl_cert = <${await file("tls.pem", tls.cert)}`,
    `ssl_key = <${await file("tls.key", tls.key)}`,
  ];
  const config = [
    "protocols = imap",
    "listen = 127.0.0.1",
    `base_dir = ${folder}/run`,
    `state_dir = ${folder}/state`,
    `log_path = ${folder}/log`,
    `mail_location = maildir:${folder}/mail`,
    `login_greeting = ${greeting}`,
    "service imap-login {",
    `  inet_listener imap {\n    port = ${port}\n  }`,
    "  inet_listener imaps {\n    port = 0\n  }",
    "}",
    "passdb {\n  driver = static\n  args = password=secret\n}",
    `userdb {\n  driver = static\n  args = uid=nobody gid=nogroup home=${folder}\n}`,
    ...secure,
  ];
  const path = await file("dovecot.conf", `${config.join("\n")}\n`);
  return await start("dovecot", ["-F", "-c", path], { port, folder });
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
  /** Whether it refuses to run as root, and runs as {@link NOBODY} then. */
  readonly isAside?: boolean;
}

/** An account that is there and may nothing. */
const NOBODY = { uid: 65534, gid: 65534 };

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

/** A folder that a server may write which does not run as root. */
async function ownFolder(prefix: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix });
  if (isRoot) await Deno.chown(folder, NOBODY.uid, NOBODY.gid);
  return folder;
}

/** Runs a program to its end, not as root. */
async function runAside(command: string, args: string[], input = ""): Promise<void> {
  const process = new Deno.Command(command, {
    args,
    cwd: "/",
    env: { PATH },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(isRoot ? NOBODY : {}),
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await process.output();
  if (success) return;
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  throw new Error(`run ${command}: it failed, saying: ${said}`);
}

/** Debian keeps servers where an ordinary user's PATH does not lead. */
const PATH = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/sbin`;

async function start(
  command: string,
  args: string[],
  { port, folder, isAside = false }: Place,
): Promise<ServerProcess> {
  const process = new Deno.Command(command, {
    args,
    cwd: "/",
    env: { PATH },
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...(isAside && isRoot ? NOBODY : {}),
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
    throw new Error(`start ${command}: it ended; expected a server on port ${port}`);
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
