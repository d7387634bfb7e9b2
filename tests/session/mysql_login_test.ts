import { assertEquals } from "@std/assert";
import { parseAddress } from "../../lib/base/mod.ts";
import { Pool } from "../../lib/pool/mod.ts";
import { mysqlPacket } from "../../lib/protocol/mod.ts";
import { mysqlLogin, type MysqlLoginOptions } from "../../lib/session/negotiate/mysql_login.ts";
import type { Refusal } from "../../lib/session/inspect/refusal.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { ScriptedDuplex } from "../helpers/connections/scripted_duplex.ts";

const GREETING = concat(Uint8Array.of(10), utf8("8\0"), new Uint8Array(13), Uint8Array.of(0, 0));
const ANSWER = concat(Uint8Array.of(0x00, 0x02, 0, 0), new Uint8Array(28), utf8("user\0"));
const SSL_REQUEST = concat(Uint8Array.of(0x00, 0x0a, 0, 0), new Uint8Array(28));

interface Login {
  readonly refusal: Refusal | undefined;
  /** What the session goes on with; `undefined` where it does not. */
  readonly client: string | undefined;
  readonly toTarget: Uint8Array;
}

/** Logs in a client that says this at a target that says that. */
async function login(
  client: ScriptedDuplex,
  target: ScriptedDuplex,
  options: Partial<MysqlLoginOptions> = {},
): Promise<Login> {
  const candidate = new Pool([{ address: parseAddress("127.0.0.1:1") }], { balance: "first" })
    .begin(0, { clientHash: 0 }).next();
  if (candidate === undefined) throw new Error("pick: the pool is empty");
  const replaced = new Map<string, { read(buffer: Uint8Array): Promise<number | null> }>();
  const refusal = await mysqlLogin({
    client,
    target,
    candidate,
    signal: new AbortController().signal,
    replace: (side, conn) => replaced.set(side, conn),
    onHello: () => {},
  }, {
    greeting: GREETING,
    tls: undefined,
    secureTarget: undefined,
    plain: false,
    timeoutMs: 1000,
    ...options,
  });
  const buffer = new Uint8Array(100);
  const count = await replaced.get("client")?.read(buffer);
  const text = count === undefined ? undefined : new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  return { refusal, client: text, toTarget: concat(...target.written) };
}

const silent = (): ScriptedDuplex => new ScriptedDuplex([], "silence");

Deno.test("mysqlLogin: without TLS the answer goes on, and what follows it stays with the client's connection", async () => {
  const client = new ScriptedDuplex([concat(mysqlPacket(1, ANSWER), utf8("more"))], "fin");
  const { refusal, client: next, toTarget } = await login(client, silent());
  assertEquals([refusal, next, toTarget], [undefined, "more", mysqlPacket(1, ANSWER)]);
  assertEquals(concat(...client.written), mysqlPacket(0, GREETING));
});

Deno.test("mysqlLogin: packets are numbered anew until the server has decided", async () => {
  const client = new ScriptedDuplex(
    [mysqlPacket(1, ANSWER), mysqlPacket(3, utf8("proof")), utf8("more")],
    "fin",
  );
  const target = new ScriptedDuplex([
    mysqlPacket(3, utf8("\xfeswitch")),
    mysqlPacket(5, Uint8Array.of(1, 3)),
    mysqlPacket(6, Uint8Array.of(0, 0, 0)),
  ], "silence");
  const { refusal, client: next, toTarget } = await login(client, target, {
    secureTarget: (raw) => Promise.resolve(raw),
  });
  assertEquals([refusal, next], [undefined, "more"]);
  const withTls = ANSWER.slice();
  withTls[1] = 0x0a;
  assertEquals(
    toTarget,
    concat(mysqlPacket(1, SSL_REQUEST), mysqlPacket(2, withTls), mysqlPacket(4, utf8("proof"))),
  );
  assertEquals(
    concat(...client.written.slice(1)),
    concat(
      mysqlPacket(2, utf8("\xfeswitch")),
      mysqlPacket(4, Uint8Array.of(1, 3)),
      mysqlPacket(5, Uint8Array.of(0, 0, 0)),
    ),
  );
});

Deno.test("mysqlLogin: a client without a password answers another method with an empty packet", async () => {
  const nothing = new Uint8Array();
  const client = new ScriptedDuplex(
    [mysqlPacket(1, ANSWER), mysqlPacket(3, nothing), utf8("more")],
    "fin",
  );
  const target = new ScriptedDuplex([
    mysqlPacket(3, utf8("\xfemysql_native_password\0")),
    mysqlPacket(5, Uint8Array.of(0, 0, 0)),
  ], "silence");
  const { refusal, client: next, toTarget } = await login(client, target, {
    secureTarget: (raw) => Promise.resolve(raw),
  });
  assertEquals([refusal, next], [undefined, "more"]);
  assertEquals(toTarget.subarray(-4), mysqlPacket(4, nothing));
});

Deno.test("mysqlLogin: a limit that is longer than a timer of the runtime is no short one", async () => {
  const client = new ScriptedDuplex([mysqlPacket(1, ANSWER), utf8("more")], "fin");
  const target = new ScriptedDuplex([mysqlPacket(3, Uint8Array.of(0, 0, 0))], "silence");
  const { refusal, client: next } = await login(client, target, {
    secureTarget: async (raw, _candidate, signal) => {
      // A timer that is too long for the runtime fires after a millisecond.
      await new Promise((resolve) => setTimeout(resolve, 20));
      signal.throwIfAborted();
      return raw;
    },
    timeoutMs: 30 * 86_400_000,
  });
  assertEquals([refusal, next], [undefined, "more"]);
});

Deno.test("mysqlLogin: says who left, was too slow or out of step", async () => {
  const reported = async (...[client, target, options]: Parameters<typeof login>): Promise<string> => {
    const { refusal } = await login(client, target, options);
    return `${refusal?.reason}: ${refusal?.detail}`;
  };
  const secureTarget: MysqlLoginOptions["secureTarget"] = (raw) => Promise.resolve(raw);
  const answers = (): ScriptedDuplex => new ScriptedDuplex([mysqlPacket(1, ANSWER)], "silence");
  assertEquals(
    await reported(new ScriptedDuplex([], "fin"), silent()),
    "client_gone: MySQL login: the client left: it closed the connection",
  );
  assertEquals(
    await reported(answers(), new ScriptedDuplex([], "fin"), { secureTarget }),
    "target_reset: MySQL login: the target left: it closed the connection",
  );
  assertEquals(
    await reported(silent(), silent(), { timeoutMs: 5 }),
    "tls_error: MySQL login: the client did not answer in time",
  );
  assertEquals(
    await reported(new ScriptedDuplex([mysqlPacket(1, SSL_REQUEST)], "silence"), silent()),
    "tls_error: MySQL login: the client asks for TLS, which was not offered",
  );
  assertEquals(
    await reported(new ScriptedDuplex([mysqlPacket(1, utf8("old client"))], "silence"), silent()),
    "tls_error: MySQL login: the client's answer to the greeting cannot be read",
  );
  const endless = Array.from({ length: 50 }, () => mysqlPacket(3, Uint8Array.of(1, 3)));
  assertEquals(
    await reported(answers(), new ScriptedDuplex(endless, "silence"), { secureTarget }),
    "tls_error: MySQL login: it went on for 32 turns",
  );
});
