import { assertEquals } from "@std/assert";
import { parseConfig } from "../../lib/config/mod.ts";
import { type ImportFormat, translate } from "../../lib/import/mod.ts";
import { Proxy } from "../../lib/proxy/mod.ts";
import { concat, utf8 } from "../helpers/bytes.ts";
import { connectTo, readAll, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { ProxyLog } from "../helpers/proxy/proxy.ts";
import { withHaproxyConfig } from "../helpers/servers/haproxy.ts";
import { withNginxStream } from "../helpers/servers/nginx.ts";
import { TestTarget } from "../helpers/targets.ts";
import { until } from "../helpers/until.ts";

/** Ends what a client sends: the target answers then. */
const END = utf8("END!");

/** What a client got: the target's name and what reached that before the client's own bytes, or `closed`. */
export type Answer = string;

/** Asks through a proxy: connects, sends these bytes, a header for the proxy before them, and gives the answer. */
export type Ask = (bytes?: Uint8Array, header?: Uint8Array) => Promise<Answer>;

/** A config of another proxy in which `{front}` is its port, `{a}`, `{b}` and `{c}` are targets, and nobody is at `{dead}`. */
export interface SideBySide {
  readonly format: ImportFormat;
  readonly config: string;
  /** What is asked of both; the two results must be the same. */
  readonly ask: (ask: Ask) => Promise<unknown>;
  /** Asked of the original until it says so: its checks have seen the targets. */
  readonly ready?: (ask: Ask) => Promise<boolean>;
}

/** Asks the original with its config and ours with the translation, and compares; gives what both said. */
export async function sideBySide({ format, config, ask, ready }: SideBySide): Promise<unknown> {
  await using a = namedTarget("a");
  await using b = namedTarget("b");
  await using c = namedTarget("c");
  const dead = freePort();
  const fill = (front: number): string =>
    config.replaceAll(
      /\{(front|a|b|c|dead)\}/g,
      (_, name: string) => String({ front, dead, a: a.port, b: b.port, c: c.port }[name]),
    );
  const [theirPort, ourPort] = [freePort(), freePort()];
  const theirs = await withPeer(format, fill(theirPort), theirPort, () => observe(theirPort, { ask, ready }));
  const ours = await withOurs(
    translate(fill(ourPort), { format, file: "x" }).yaml,
    () => observe(ourPort, { ask, ready }),
  );
  assertEquals(ours, theirs, "ours, and the original's");
  return ours;
}

async function observe(port: number, { ask, ready }: Pick<SideBySide, "ask" | "ready">): Promise<unknown> {
  const askOnce: Ask = (bytes = new Uint8Array(), header = new Uint8Array()) =>
    answerOf(port, { bytes, header });
  if (ready !== undefined) await until(() => ready(askOnce));
  return await ask(askOnce);
}

async function withPeer<T>(
  format: ImportFormat,
  config: string,
  port: number,
  use: () => Promise<T>,
): Promise<T | undefined> {
  let result: T | undefined;
  const run = async (): Promise<void> => {
    await until(() => isListening(port));
    result = await use();
  };
  await (format === "haproxy" ? withHaproxyConfig(config, run) : withNginxStream(config, run));
  return result;
}

async function withOurs<T>(yaml: string, use: () => Promise<T>): Promise<T> {
  const log = new ProxyLog();
  const proxy = await Proxy.start(await parseConfig(yaml, { file: "config.yaml" }), { observer: log });
  try {
    return await use();
  } finally {
    await proxy.stop();
  }
}

/** Answers, when it has all that a client sends, with its name and what came. */
function namedTarget(name: string): TestTarget {
  return new TestTarget(async (conn) => {
    let bytes: Uint8Array = new Uint8Array();
    const buffer = new Uint8Array(65536);
    while (!endsWith(bytes, END)) {
      const count = await conn.read(buffer);
      if (count === null) return;
      bytes = concat(bytes, buffer.subarray(0, count));
    }
    await writeAll(conn, concat(utf8(`${name} `), bytes));
    await conn.closeWrite();
  });
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return bytes.length >= end.length &&
    end.every((byte, index) => bytes[bytes.length - end.length + index] === byte);
}

async function answerOf(
  port: number,
  { bytes, header }: { readonly bytes: Uint8Array; readonly header: Uint8Array },
): Promise<Answer> {
  const payload = concat(bytes, END);
  try {
    using conn = await connectTo(port);
    await writeAll(conn, concat(header, payload));
    const reply = await readAll(conn);
    if (reply.length === 0) return "closed";
    return describe(reply.subarray(0, reply.length - payload.length));
  } catch (error) {
    const isEnd = error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
    if (isEnd) return "closed";
    throw error;
  }
}

/** The name, and the PROXY header before the payload, without ports: they differ from connection to connection. */
function describe(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes);
  const [name = "", header = ""] = [text.slice(0, 1), text.slice(2)];
  if (header.startsWith("PROXY ")) return `${name} ${header.replace(/ \d+ \d+\r\n$/, "")}`;
  const binary = [...bytes.subarray(2)];
  // Behind the addresses of IPv4 stand the ports.
  const shown = binary.map((byte, index) =>
    index >= 24 && index < 28 ? "--" : byte.toString(16).padStart(2, "0")
  );
  return shown.length === 0 ? name : `${name} ${shown.join("")}`;
}

async function isListening(port: number): Promise<boolean> {
  try {
    using _conn = await connectTo(port);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Asks so often, and counts the answers. */
export async function tally(ask: Ask, times: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < times; index++) {
    const answer = await ask();
    counts[answer] = (counts[answer] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).sort());
}
