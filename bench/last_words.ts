/**
 * How many clients get all of an answer that comes before their request is read, behind each peer:
 * `deno run -A bench/last_words.ts`, options in {@link usage}. Linux alone.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { Lab, pause } from "./system/lab.ts";
import { type Peer, RunningPeer } from "./peer.ts";
import { PEERS } from "./peers/mod.ts";
import { markdownTable } from "./report/table.ts";

const TARGET = decodeURIComponent(new URL("./load/early_answers.ts", import.meta.url).pathname);

/** What a client goes on sending while it is answered. */
const UPLOAD = new Uint8Array(64 * 1024);

/** How long a client waits for the end of an answer. */
const CLIENT_TIMEOUT_MS = 20_000;

/** How a client reads. */
interface Reader {
  readonly title: string;
  readonly answerBytes: number;
  /** What it waits before each read. */
  readonly pauseMs: number;
}

const READERS: readonly Reader[] = [
  { title: "200 KB", answerBytes: 200_000, pauseMs: 0 },
  { title: "2 MB", answerBytes: 2_000_000, pauseMs: 0 },
  { title: "200 KB, slow reader", answerBytes: 200_000, pauseMs: 10 },
  { title: "2 MB, slow reader", answerBytes: 2_000_000, pauseMs: 10 },
];

const DEFAULT_PEERS = "direct,tcpproxy,tcpproxy-limited,tcpproxy-pipeline,haproxy,nginx";

/** What can be asked for. */
function usage(): string {
  return `--tries N      clients for each figure (default 200)
--at-once N    of them at the same time (default 4)
--threads N    of each peer (default 1)
--peers A,B    (default ${DEFAULT_PEERS})`;
}

/** Bytes of the answer that came, before its end or a reset. */
async function ask(port: number, { answerBytes, pauseMs }: Reader): Promise<number> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => conn.close(), CLIENT_TIMEOUT_MS);
  const uploading = upload(conn, answerBytes);
  const buffer = new Uint8Array(64 * 1024);
  let received = 0;
  try {
    for (;;) {
      if (pauseMs > 0) await pause(pauseMs);
      const count = await conn.read(buffer);
      if (count === null) return received;
      received += count;
    }
  } catch {
    // A reset, most likely: what came before it is what is asked for.
    return received;
  } finally {
    clearTimeout(timer);
    conn[Symbol.dispose]();
    await uploading;
  }
}

/** Sends for as long as the connection lasts. */
async function upload(conn: Deno.Conn, answerBytes: number): Promise<void> {
  try {
    await conn.write(new TextEncoder().encode(`${answerBytes}\n`));
    for (;;) await conn.write(UPLOAD);
  } catch {
    // A client that is answered early need not be able to send on.
  }
}

/** How many of so many clients got less than all. */
async function countPartial(
  port: number,
  reader: Reader,
  load: { tries: number; atOnce: number },
): Promise<number> {
  let begun = 0;
  let partial = 0;
  await Promise.all(Array.from({ length: load.atOnce }, async () => {
    while (begun < load.tries) {
      begun++;
      if (await ask(port, reader) !== reader.answerBytes) partial++;
    }
  }));
  return partial;
}

/** Starts a peer before the target, and gives the port that leads there. */
async function portOf(
  lab: Lab,
  peer: Peer,
  plan: { target: number; threads: number },
): Promise<[number, RunningPeer]> {
  const port = lab.freePort();
  const forwards = [{ listen: [port], targets: [`127.0.0.1:${plan.target}`] }];
  const running = new RunningPeer(await peer.start(lab, { forwards, threads: plan.threads }));
  if (!running.hasProcess) return [plan.target, running];
  await running.ready(lab, [port]);
  return [port, running];
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseArgs([...args], {
    string: ["tries", "at-once", "threads", "peers"],
    boolean: ["help"],
    default: { tries: "200", "at-once": "4", threads: "1", peers: DEFAULT_PEERS },
  });
  if (options.help) {
    print(`${usage()}\n`);
    return 0;
  }
  const load = { tries: Number(options.tries), atOnce: Number(options["at-once"]) };
  const ids = options.peers.split(",");
  await using lab = await Lab.open();
  const target = lab.freePort();
  const child = lab.start(Deno.execPath(), { args: ["run", "--allow-all", TARGET, `${target}`] });
  await lab.listening([target], [child]);
  const rows: string[][] = [];
  for (const peer of PEERS.filter(({ id }) => ids.includes(id))) {
    if (peer.missing() !== undefined) continue;
    const [port, running] = await portOf(lab, peer, { target, threads: Number(options.threads) });
    const row = [peer.title];
    for (const reader of READERS) row.push(`${await countPartial(port, reader, load)}`);
    rows.push(row);
    await running.stop();
  }
  const head = [`partial answers of ${load.tries}`, ...READERS.map(({ title }) => title)];
  print(`${markdownTable(head, rows)}\n`);
  return 0;
}

function print(text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

if (import.meta.main) main(Deno.args).then((code) => Deno.exit(code));
