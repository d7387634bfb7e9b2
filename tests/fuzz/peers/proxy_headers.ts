import { type Address, formatIp, parseIp, unmapIp } from "../../../lib/base/mod.ts";
import { parseProxyHeader } from "../../../lib/protocol/mod.ts";
import { concat, latin1, utf8 } from "../../helpers/bytes.ts";
import { writeAll } from "../../helpers/clients.ts";
import { freePort } from "../../helpers/free_ports.ts";
import { connectWhenListening, withHaproxyConfig } from "../../helpers/servers/haproxy.ts";
import { withNginx } from "../../helpers/servers/nginx.ts";
import { Inputs } from "../engine/campaign.ts";
import { PROXY_V1 } from "../targets/proxy_v1.ts";
import { PROXY_V2 } from "../targets/proxy_v2.ts";

/**
 * What somebody makes of a header: `refused`, `none` for one without addresses, `accepted` where no more is known of it,
 * else both addresses and ports.
 */
export type Opinion = string;

/** Gives a peer bytes, and returns its opinion of the header that they begin with. */
export type Ask = (bytes: Uint8Array) => Promise<Opinion>;

/** Follows every header, for peers that speak HTTP. */
export const REQUEST = utf8("GET / HTTP/1.0\r\n\r\n");

/** Headers right and wrong; what follows a right one is cut off. */
export function proxyHeaders(count: number, seed: number): Uint8Array[] {
  const sources = [PROXY_V1, PROXY_V2].map((target) => new Inputs(target, { seed, corpus: [] }));
  return Array.from({ length: count }, (_, number) => {
    const input = sources[number % 2]?.at(number >> 1) ?? utf8("");
    const verdict = parseProxyHeader(input);
    return verdict.kind === "header" ? input.slice(0, verdict.length) : input;
  });
}

/** The opinion of the parser here, and why it refuses. */
export function ownOpinion(bytes: Uint8Array): { readonly opinion: Opinion; readonly why: string } {
  const verdict = parseProxyHeader(bytes);
  if (verdict.kind === "need_more") return { opinion: "refused", why: "it is not whole" };
  if (verdict.kind !== "header") return { opinion: "refused", why: verdict.problem };
  const { source, destination } = verdict.header;
  const ends = [source, destination].map(shown);
  return { opinion: ends.includes("") ? "none" : ends.join(" "), why: "" };
}

/** Runs an HAProxy that answers with the addresses of each connection. */
export async function withHaproxyOpinion(use: (ask: Ask) => Promise<void>): Promise<void> {
  const port = freePort();
  const config = `defaults
  mode http
  timeout client 3s
  timeout http-request 3s
frontend front
  bind 127.0.0.1:${port} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]|%[src_port]|%[dst]|%[dst_port]"
`;
  await withHaproxyConfig(config, async () => {
    (await connectWhenListening(port)).close();
    await use(async (bytes) => {
      const answer = latin1(await answerTo(port, concat(bytes, REQUEST)));
      if (answer === "") return "refused";
      // What follows the header by its opinion is no request by the same.
      const [, text] = /^HTTP\/1\.\d 200 [^]*?\r\n\r\n([^]*)$/.exec(answer) ?? [];
      return text === undefined ? "accepted" : opinionOf(text, port);
    });
  });
}

/** Runs an nginx that answers with the addresses of each connection's header. */
export async function withNginxOpinion(use: (ask: Ask) => Promise<void>): Promise<void> {
  const variables = ["addr", "port", "server_addr", "server_port"].map((name) => `$proxy_protocol_${name}`);
  const body = `return "seen ${variables.join("|")}";`;
  await withNginx({ listen: "proxy_protocol", body }, (port) =>
    use(async (bytes) => {
      const answer = latin1(await answerTo(port, bytes));
      return answer.startsWith("seen ") ? opinionOf(answer.slice(5), port) : "refused";
    }));
}

function opinionOf(text: string, port: number): Opinion {
  const [source = "", sourcePort = "", destination = "", destinationPort = ""] = text.trim().split("|");
  const [from, to] = [parseIp(source), parseIp(destination)];
  if (from === undefined || to === undefined) return "none";
  // Without addresses, HAProxy has those of the connection.
  if (destination === "127.0.0.1" && destinationPort === String(port)) return "none";
  // A port of 0 is none to HAProxy.
  return `${formatIp(unmapIp(from))} ${sourcePort || 0} ${formatIp(unmapIp(to))} ${destinationPort || 0}`;
}

function shown(address: Address | undefined): string {
  const ip = address?.kind === "tcp" ? parseIp(address.host) : undefined;
  return ip === undefined || address?.kind !== "tcp" ? "" : `${formatIp(unmapIp(ip))} ${address.port}`;
}

/** Sends bytes and FIN; returns what comes back until FIN or a reset. */
export async function answerTo(port: number, bytes: Uint8Array): Promise<Uint8Array> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const reading = readToEnd(conn);
  await unlessGone(async () => {
    await writeAll(conn, bytes);
    await conn.closeWrite();
  });
  return await reading;
}

async function readToEnd(conn: Deno.Conn): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await unlessGone(async () => {
    for (;;) {
      const buffer = new Uint8Array(4096);
      const count = await conn.read(buffer);
      if (count === null) return;
      pieces.push(buffer.subarray(0, count));
    }
  });
  return concat(...pieces);
}

/** Peers that refuse a header close with what they have not read, which is a reset. */
async function unlessGone(use: () => Promise<void>): Promise<void> {
  try {
    await use();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      throw error;
    }
  }
}
