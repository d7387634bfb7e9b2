import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Address, parseAddress, type ProxyVersion } from "../../lib/base/mod.ts";
import { type Candidate, Pool } from "../../lib/pool/mod.ts";
import { preamble } from "../../lib/session/dial/_preamble.ts";
import type { SecureTarget } from "../../lib/session/app.ts";
import { Inspector } from "../../lib/session/inspect/inspector.ts";
import { emptyConnectionState } from "../helpers/tls/tls_connection_state.ts";
import { utf8 } from "../helpers/bytes.ts";
import { RecordingDuplex } from "../helpers/connections/recording_duplex.ts";

const CLIENT: Address = { kind: "tcp", host: "192.0.2.1", port: 4000 };
const FOREVER = new AbortController().signal;

function candidate(sendProxy: ProxyVersion | undefined): Candidate {
  const address = parseAddress("127.0.0.1:5000");
  const pool = new Pool([{ address, ...(sendProxy === undefined ? {} : { sendProxy }) }], {
    balance: "first",
  });
  const first = pool.begin(0, { clientHash: 0 }).next();
  if (first === undefined) throw new Error("pick: the pool is empty");
  return first;
}

/** What is asked of the socket of a target that is opened so. */
async function asked(sendProxy: ProxyVersion | undefined, secureTarget?: SecureTarget): Promise<string[]> {
  const raw = new RecordingDuplex();
  await preamble({ source: CLIENT, destination: CLIENT, secureTarget })(raw, candidate(sendProxy), FOREVER);
  return raw.asked;
}

const shakingHands: SecureTarget = async (raw) => {
  await raw.write(utf8("hello"));
  return raw;
};

Deno.test("opening: what follows a PROXY header or a handshake is not held back until that is acknowledged", async () => {
  assertEquals(await asked("v1"), ["no delay", "write 42"]);
  assertEquals(await asked("v2"), ["no delay", "write 28"]);
  assertEquals(await asked(undefined, shakingHands), ["no delay", "write 5"]);
  assertEquals(await asked("v2", shakingHands), ["no delay", "write 28", "write 5"]);
});

/** A socket that lets a head go with the data behind it. */
class HeadDuplex extends RecordingDuplex {
  sendFirst(head: Uint8Array): void {
    this.asked.push(`head ${head.length}`);
  }
}

Deno.test("opening: a PROXY header alone goes with the data, where the socket can do that", async () => {
  const waiting = Object.assign(new HeadDuplex(), { established: () => Promise.resolve() });
  const cases: [HeadDuplex, SecureTarget | undefined, string[]][] = [
    [new HeadDuplex(), undefined, ["head 28"]],
    [new HeadDuplex(), shakingHands, ["no delay", "write 28", "write 5"]],
    // Its first bytes make it, and nothing is known of the target before.
    [waiting, undefined, ["no delay", "write 28"]],
  ];
  for (const [raw, secureTarget, expected] of cases) {
    const headers: number[] = [];
    const open = preamble({
      source: CLIENT,
      destination: CLIENT,
      secureTarget,
      onHeader: ({ length }) => headers.push(length),
    });
    assertStrictEquals(await open(raw, candidate("v2"), FOREVER), raw);
    assertEquals([raw.asked, headers], [expected, [28]]);
  }
});

Deno.test("opening: a target that gets neither costs no socket option", async () => {
  assertEquals(await asked(undefined), []);
});

Deno.test("Inspector: what follows the handshake with a client is not held back until that is acknowledged", async () => {
  const raw = new RecordingDuplex();
  const intake = new Inspector(raw, {
    tls: {
      accept: async (conn) => {
        await conn.write(utf8("hello"));
        return { conn, sni: undefined, alpn: undefined, connectionState: emptyConnectionState };
      },
    },
  }, FOREVER);
  await intake.readTls();
  assertEquals(raw.asked, ["no delay", "write 5"]);
});

Deno.test("Inspector: a connection that is only looked at costs no socket option", async () => {
  const raw = new RecordingDuplex([utf8("GET / HTTP/1.1\r\n\r\n")]);
  const intake = new Inspector(raw, { clientHello: { timeoutMs: 5000, isNeeded: true } }, FOREVER);
  assertEquals(await intake.readTls(), { sni: undefined, alpn: [] });
  assertEquals(raw.asked, []);
});
