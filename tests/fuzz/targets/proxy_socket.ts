import { Proxy } from "../../../lib/proxy/mod.ts";
import type { Reason } from "../../../lib/base/mod.ts";
import { LinuxTransport } from "../../../lib/net/linux/transport.ts";
import { parseClientHello, parseProxyHeader } from "../../../lib/protocol/mod.ts";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { connectTo, readAll, writeAll } from "../../helpers/clients.ts";
import { Fleet } from "../../helpers/proxy/fleet.ts";
import { hasLinuxSockets } from "../../helpers/connections/linux_transport.ts";
import { configOf, ProxyLog } from "../../helpers/proxy/proxy.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type Checker, type FuzzTarget, hex, holds, same } from "../engine/fuzz_target.ts";
import { inPieces } from "../engine/pieces.ts";
import { CLIENT_HELLO } from "./client_hello.ts";
import { PROXY_V1 } from "./proxy_v1.ts";
import { PROXY_V2 } from "./proxy_v2.ts";

/** The targets: of the route for `a.example.com`, of that for `*.example`, and of everything else. */
const ROUTES = [{ sni: ["a.example.com"] }, { sni: ["*.example"] }] as const;

const OTHERS = 2;

/** What a client's first bytes may end a session with. */
const REASONS: readonly Reason[] = [
  "client_closed",
  "target_closed",
  "bad_proxy_header",
  "bad_client_hello",
  "client_gone",
  "client_reset",
  "no_route",
];

export const PROXY_SOCKET: FuzzTarget = {
  name: "proxy_socket",
  what: "a PROXY header, then TLS or not, over a connection to the proxy",
  longRun: 50_000,
  testRun: 150,
  dictionary: [...PROXY_V1.dictionary, ...PROXY_V2.dictionary, ...CLIENT_HELLO.dictionary],
  make: (draw) => {
    const header = draw.once(3)
      ? PROXY_V1.make(draw)
      : draw.once(2)
      ? PROXY_V2.make(draw)
      : utf8("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
    const data = draw.once(4)
      ? draw.pick([utf8("SSH-2.0-x\r\n"), draw.bytes(40), draw.bytesOf(20_000)])
      : CLIENT_HELLO.make(draw);
    return concat(header, data, draw.once(3) ? draw.bytes(50) : new Uint8Array());
  },
  begin: () => ProxyChecker.start(),
};

/** A proxy on the sockets of one engine. */
interface Engine {
  readonly name: string;
  readonly proxy: Proxy;
  readonly log: ProxyLog;
  end(): Promise<void>;
}

/** The same app on the runtime's sockets and, where there are such, on the kernel's own. */
class ProxyChecker implements Checker {
  readonly #fleet: Fleet;
  readonly #engines: readonly Engine[];

  static async start(): Promise<ProxyChecker> {
    const fleet = new Fleet(ROUTES.length + 1);
    const engines = [await engine("runtime", fleet, undefined)];
    if (hasLinuxSockets) engines.push(await engine("native", fleet, new LinuxTransport()));
    return new ProxyChecker(fleet, engines);
  }

  private constructor(fleet: Fleet, engines: readonly Engine[]) {
    this.#fleet = fleet;
    this.#engines = engines;
  }

  async check(input: Uint8Array): Promise<void> {
    for (const engine of this.#engines) await checkOn(engine, input);
  }

  async end(): Promise<void> {
    const left = this.#engines.map(({ proxy }) => proxy.activeSessions());
    for (const engine of this.#engines) await engine.end();
    await this.#fleet[Symbol.asyncDispose]();
    same(left, left.map(() => 0), "sessions left");
  }
}

async function engine(name: string, fleet: Fleet, transport: LinuxTransport | undefined): Promise<Engine> {
  const log = new ProxyLog();
  const config = configOf({
    apps: [{
      "proxy_protocol": { accept: "required", from: ["127.0.0.0/8"] },
      routes: ROUTES.map((route, index) => ({ ...route, targets: [fleet.addresses[index]] })),
      targets: [fleet.addresses[OTHERS]],
    }],
  });
  const proxy = await Proxy.start(config, { observer: log, ...(transport && { transport }) });
  const end = async (): Promise<void> => {
    await proxy.stop();
    await transport?.end();
  };
  return { name, proxy, log, end };
}

async function checkOn({ name, proxy, log }: Engine, input: Uint8Array): Promise<void> {
  const [listener] = proxy.listeners();
  const port = listener?.address.kind === "tcp" ? listener.address.port : 0;
  const reply = await replyTo(port, inPieces(input, new Draw(seedFor(input))));
  const { reason, detail } = await log.outcome();
  log.endedSoFar.length = 0;
  const how = `${name}, ${reason}: ${detail}`;
  const [target = -1] = reply;
  const expected = expectedOf(input);
  same(
    [target, hex(reply.subarray(1))],
    [expected.target, expected.target < 0 ? "" : hex(expected.data)],
    `the target gets what follows the header, unchanged (${how})`,
  );
  holds(reason !== undefined && REASONS.includes(reason), () => `it ends by another reason (${how})`);
  if (expected.reason !== undefined) same(reason, expected.reason, `the reason (${how})`);
  if (log.defects.length > 0) throw log.defects[0];
}

interface Expected {
  /** -1 for none. */
  readonly target: number;
  readonly data: Uint8Array;
  readonly reason?: Reason;
}

/** Which target gets what, by the parsers alone. */
function expectedOf(input: Uint8Array): Expected {
  const none = (reason: Reason): Expected => ({ target: -1, data: new Uint8Array(), reason });
  const header = parseProxyHeader(input);
  if (header.kind !== "header") return none(input.length === 0 ? "client_gone" : "bad_proxy_header");
  const data = input.subarray(header.length);
  const hello = parseClientHello(data);
  switch (hello.kind) {
    case "hello": {
      const sni = hello.sni ?? "";
      const route = sni === "a.example.com" ? 0 : /^[^.]+\.example$/.test(sni) ? 1 : OTHERS;
      return { target: route, data };
    }
    case "not_tls":
      return { target: OTHERS, data };
    case "need_more":
      return data.length === 0 ? none("client_gone") : none("bad_client_hello");
    default:
      return none("bad_client_hello");
  }
}

/** Sends pieces and FIN, and returns all that comes back; a reset ends it too. */
async function replyTo(port: number, pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  using conn = await connectTo(port);
  conn.setNoDelay();
  const reading = readAll(conn).catch((error) => {
    if (error instanceof Deno.errors.ConnectionReset) return new Uint8Array();
    throw error;
  });
  try {
    for (const piece of pieces) await writeAll(conn, piece);
    await conn.closeWrite();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      throw error;
    }
  }
  return await reading;
}
