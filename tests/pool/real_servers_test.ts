/**
 * The ready-made checks against the servers themselves: up, and in states in which they accept connections and serve
 * nobody, where a check of the port alone would be content.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { parseAddress } from "../../lib/base/mod.ts";
import { parseCheckBytes } from "../../lib/pool/checks/check_text.ts";
import type { Exchange } from "../../lib/pool/checks/exchange.ts";
import { parseExpect } from "../../lib/pool/checks/expectation.ts";
import { Probe } from "../../lib/pool/checks/probe.ts";
import { type CheckType, protocolCheck } from "../../lib/pool/checks/protocol_check.ts";
import { Steps } from "../../lib/pool/checks/steps.ts";
import { freePort } from "../helpers/free_ports.ts";
import {
  postgresPrograms,
  type ServerProcess,
  startExim,
  startMariadb,
  startPostgres,
  startRedis,
} from "../helpers/servers/server_process.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { until } from "../helpers/until.ts";

async function run(port: number, exchange: () => Exchange | undefined): Promise<string> {
  const probe = new Probe({ timeoutMs: 5000, exchange });
  const result = await probe.run(parseAddress(`127.0.0.1:${port}`), new AbortController().signal);
  return result.kind === "success" ? "up" : result.message;
}

async function check(
  port: number,
  type: CheckType,
  login: { user?: string; database?: string } = {},
): Promise<string> {
  assertEquals(await run(port, () => protocolCheck("tcp", {})), "up", "a check of the port alone");
  return await run(port, () => protocolCheck(type, login));
}

function realTest(name: string, missing: readonly string[], fn: () => Promise<void>): void {
  const why = missing.length === 0 ? "" : ` (ignored: missing ${missing.join(", ")})`;
  Deno.test({ name: name + why, ignore: missing.length > 0, fn });
}

const redisTools = missingTools("redis-server", "redis-cli");

realTest("redis: up, and down while a password is needed", redisTools, async () => {
  await using open = await startRedis();
  assertEquals(await check(open.port, "redis"), "up");
  await using locked = await startRedis(["--requirepass", "secret"]);
  assertMatch(await check(locked.port, "redis"), /^the target answered "-NOAUTH /);
  const login = (password: string): Promise<string> =>
    run(locked.port, () =>
      new Steps([
        {
          send: parseCheckBytes(`AUTH ${password}\\r\\n`),
          expect: parseExpect("+OK\\r\\n"),
          expectNot: parseExpect("/^-[^\\n]*\\n/"),
        },
        { send: parseCheckBytes("PING\\r\\n"), expect: parseExpect("+PONG") },
      ]));
  assertEquals(await login("secret"), "up");
  assertMatch(await login("wrong"), /^step 1: the target answered "-WRONGPASS /);
});

realTest("redis: down while it loads its data", redisTools, async () => {
  await using folder = new TemporaryFolder();
  const files = ["--dir", folder.file("."), "--dbfilename", "dump.rdb"];
  {
    await using filled = await startRedis(files);
    const fill = new Array(200).fill(0).map((_, index) => `SET key${index} ${"x".repeat(2000)}\r\n`).join("");
    await fillRedis(filled.port, new TextEncoder().encode(`${fill}SAVE\r\n`));
  }
  const slow = ["--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"];
  await using loading = await startRedis([...files, ...slow]);
  assertMatch(await check(loading.port, "redis"), /^the target answered "-LOADING Redis is loading/);
});

async function fillRedis(port: number, commands: Uint8Array): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const writing = (async (): Promise<void> => {
    for (let at = 0; at < commands.length;) at += await conn.write(commands.subarray(at));
  })();
  let said = "";
  const buffer = new Uint8Array(4096);
  while (said.split("\n").length <= 201) {
    said += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  }
  await writing;
}

const postgresTools = postgresPrograms() === undefined ? ["postgresql"] : [];

realTest(
  "postgres: up with and without a user, whose login must work if it is given",
  postgresTools,
  async () => {
    await using server = await startPostgres([]);
    await until(async () => await check(server.port, "postgres", { user: "health" }) === "up");
    assertEquals(await check(server.port, "postgres"), "up");
    assertMatch(
      await check(server.port, "postgres", { user: "nobody" }),
      /error 28000: role "nobody" does not exist/,
    );
    assertMatch(
      await check(server.port, "postgres", { user: "health", database: "none" }),
      /error 3D000: database "none" does not exist/,
    );
  },
);

realTest("postgres: down when all places are taken, those of ordinary users too", postgresTools, async () => {
  const reserve = [
    "-c",
    "max_connections=3",
    "-c",
    "superuser_reserved_connections=2",
    "-c",
    "max_wal_senders=0",
  ];
  await using server = await startPostgres(reserve);
  await until(async () => await check(server.port, "postgres", { user: "health" }) === "up");
  const held: Deno.Conn[] = [];
  try {
    held.push(await hold(server, { user: "health" }));
    assertMatch(
      await check(server.port, "postgres", { user: "health" }),
      /error 53300: remaining connection slots are reserved/,
    );
    for (let index = 0; index < 2; index++) held.push(await hold(server, { user: "admin" }));
    assertMatch(await check(server.port, "postgres"), /error 53300: sorry, too many clients already/);
  } finally {
    for (const conn of held) conn.close();
  }
});

/**
 * Opens a session, and leaves it open. Retries while it is refused: the server frees the place of a closed connection
 * only when its process has ended.
 */
async function hold(server: ServerProcess, login: { user: string }): Promise<Deno.Conn> {
  let held: Deno.Conn | undefined;
  await until(async () => (held = await tryHold(server, login)) !== undefined);
  return held as Deno.Conn;
}

async function tryHold({ port }: ServerProcess, login: { user: string }): Promise<Deno.Conn | undefined> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const exchange = protocolCheck("postgres", login);
  const first = exchange?.begin();
  const buffer = new Uint8Array(4096);
  await conn.write(first?.send ?? new Uint8Array());
  let verdict = first?.verdict;
  while (verdict === "need_more") {
    const count = await conn.read(buffer);
    verdict = count === null ? exchange?.end() : exchange?.feed(buffer.subarray(0, count)).verdict;
  }
  if (verdict === "match") return conn;
  conn.close();
  return undefined;
}

realTest("postgres: down while it starts up as a standby", postgresTools, async () => {
  await using server = await startPostgres(["-c", "hot_standby=off"], async (folder) => {
    await Deno.writeTextFile(`${folder}/standby.signal`, "");
  });
  assertMatch(
    await check(server.port, "postgres"),
    /^the target answered error 57P03: the database system is /,
  );
});

const mariadbTools = missingTools("mariadbd", "mariadb-install-db", "socat");

realTest(
  "mysql: up with and without a user, and checks never make it block this host",
  mariadbTools,
  async () => {
    await using server = await startMariadb(["--max-connect-errors=2"]);
    await using far = await fromElsewhere(server);
    for (let index = 0; index < 5; index++) {
      assertEquals(await run(far.port, () => protocolCheck("mysql", {})), "up");
      assertEquals(await run(far.port, () => protocolCheck("mysql", { user: "health" })), "up");
    }
    assertMatch(
      await run(far.port, () => protocolCheck("mysql", { user: "nobody" })),
      /error 1045: Access denied/,
    );
  },
);

realTest("mysql: down when it has blocked this host", mariadbTools, async () => {
  await using server = await startMariadb(["--max-connect-errors=1"]);
  await using far = await fromElsewhere(server);
  for (let index = 0; index < 3; index++) {
    assertEquals(await run(far.port, () => protocolCheck("tcp", {})), "up");
  }
  await until(async () => await run(far.port, () => protocolCheck("mysql", {})) !== "up");
  assertMatch(await check(far.port, "mysql"), /error 1129: Host '127\.0\.0\.2' is blocked/);
});

realTest("mysql: down when all places are taken", mariadbTools, async () => {
  await using server = await startMariadb(["--max-connections=10", "--skip-name-resolve"]);
  const held: Deno.Conn[] = [];
  try {
    await until(async () => {
      held.push(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
      return await run(server.port, () => protocolCheck("mysql", { user: "health" })) !== "up";
    });
    assertMatch(await check(server.port, "mysql", { user: "health" }), /error 1040: Too many connections/);
  } finally {
    for (const conn of held) conn.close();
  }
});

/** The server as seen from 127.0.0.2: it never blocks 127.0.0.1. */
async function fromElsewhere(server: ServerProcess): Promise<ServerProcess> {
  const port = freePort();
  const listen = `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`;
  const process = new Deno.Command("socat", {
    args: [listen, `TCP:127.0.0.1:${server.port},bind=127.0.0.2`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await until(async () => await run(port, () => protocolCheck("mysql", {})) === "up");
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

const eximTools = [...missingTools("exim4"), ...Deno.uid() === 0 ? [] : ["root"]];

realTest("smtp: up, and down while it takes no more connections", eximTools, async () => {
  await using server = await startExim("smtp_accept_max = 1");
  await until(async () => await run(server.port, () => protocolCheck("smtp", {})) === "up");
  using _held = await acceptedByExim(server.port);
  assertMatch(await check(server.port, "smtp"), /^step 1: the target answered "421 Too many concurrent /);
});

/** A connection that the server greets: it still counts those that have just been closed, and refuses meanwhile. */
async function acceptedByExim(port: number): Promise<Deno.Conn> {
  const accepted: Deno.Conn[] = [];
  await until(async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const greeting = new Uint8Array(512);
    const length = await conn.read(greeting) ?? 0;
    if (new TextDecoder().decode(greeting.subarray(0, length)).startsWith("220 ")) accepted.push(conn);
    else conn.close();
    return accepted.length > 0;
  });
  const [conn] = accepted;
  if (conn === undefined) throw new Error("the server accepts nobody");
  return conn;
}
