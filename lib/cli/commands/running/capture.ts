import { CidrError, parseCidr, parseDuration, parseSize, UnitError } from "../../../base/mod.ts";
import type { AdminClient } from "../../../admin/mod.ts";
import { FileBytes } from "../../file_bytes.ts";
import { type Command, type CommandArgs, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { ByteOutput, Io } from "../../io.ts";
import { readRunning, REMOTE_DETAILS, REMOTE_FLAGS } from "../../running/running_proxy.ts";

/** `tcpproxy capture`: what passes through a running proxy, as a file for Wireshark. */
export const capture: Command = {
  name: "capture",
  summary: "Capture live connections of a running proxy, as pcapng for Wireshark",
  usage: "ID | --app NAME [--client CIDR] [-o FILE | -]",
  details:
    `Captures the session with this number (the access log and "tcpproxy sessions" show it), or the connections of an
app: live ones from their next byte on, new ones from their handshake. Both sides of the proxy are in the file. It has
what the proxy sees: inside of TLS where the proxy ends or begins TLS. Guard the file accordingly.
Without -o, or with "-", it goes to stdout, unless that is a terminal. Ctrl-C ends it with a complete file.
${REMOTE_DETAILS}`,
  arity: [0, 2],
  dynamic: ["session"],
  flags: [
    ...REMOTE_FLAGS,
    { name: "app", value: "NAME", summary: "Capture connections of this app", dynamic: "app" },
    { name: "client", value: "CIDR", summary: "Only those of clients in this block" },
    { name: "count", value: "N", summary: "End after so many connections; default 100" },
    { name: "bytes", value: "SIZE", summary: "End when the file has this size; default 10MiB" },
    { name: "for", value: "TIME", summary: "End after this time; default 60s" },
    { name: "resolution", value: "us|ns", summary: "The unit of times; default us" },
    { name: "output", short: "o", value: "FILE", summary: "Write to this file, which is replaced" },
  ],
  example: `tcpproxy capture --app web --client 192.0.2.0/24 --for 30s -o web.pcapng
tcpproxy capture 4711 | tshark -r -
tcpproxy capture --app postgres --url http://127.0.0.1:9900 -o - | wireshark -k -i -`,
  run: runCapture,
};

interface Plan {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly what: string;
}

async function runCapture(args: CommandArgs, io: Io): Promise<number> {
  const plan = readPlan(args);
  using output = outputOf(args, io);
  const running = await readRunning("capture", args, { isImplied: true });
  if (running === undefined) {
    throw new UsageError('capture: no proxy to ask; give --url, or a config with "admin"');
  }
  await copyCapture(running, plan, { output: output.bytes, io });
  return EXIT.done;
}

async function copyCapture(
  running: AdminClient,
  { path, query, what }: Plan,
  { output, io }: { readonly output: ByteOutput; readonly io: Io },
): Promise<void> {
  const [{ AdminClientError }, { CaptureCopy }, { listenForSignals }] = await Promise.all([
    import("../../../admin/mod.ts"),
    import("../../../capture/mod.ts"),
    import("../../run/signals.ts"),
  ]);
  const stop = new AbortController();
  using signals = listenForSignals();
  void signals.next().then(() => stop.abort());
  const copy = new CaptureCopy();
  const show = (): void =>
    void io.progress?.(`capturing ${what}: ${copy.packets} packets, ${copy.bytes} bytes; Ctrl-C ends it`);
  const timer = io.progress === undefined ? undefined : setInterval(show, PROGRESS_MS);
  let hasReader = true;
  try {
    for await (const piece of running.stream(path, { query, signal: stop.signal })) {
      if (copy.bytes === 0) show();
      hasReader = await output.write(copy.take(piece));
      if (!hasReader) break;
    }
  } catch (error) {
    if (error instanceof RangeError) {
      throw new AdminClientError(
        `ask ${running.url.origin}: the answer is no capture; is a tcpproxy running there?`,
      );
    }
    if (!stop.signal.aborted) throw error;
  } finally {
    clearInterval(timer);
    await io.progress?.("");
  }
  const { packets, bytes, dropped, end = hasReader ? "interrupted" : "reader gone" } = copy;
  const lost = dropped === undefined ? "" : `, ${dropped} dropped`;
  // The server's word for it may be anything.
  const why = end.replace(/[^\x20-\x7e]/g, "?");
  await io.report(`captured ${what}: ${packets} packets, ${bytes} bytes${lost}; ${why}`);
}

const PROGRESS_MS = 500;

function readPlan(args: CommandArgs): Plan {
  const ids = args.positionals.filter((word) => word !== "-");
  const [id, extra] = ids;
  const app = args.text("app");
  if (extra !== undefined) throw new UsageError(`capture: "${extra}" is one ID too many; expected one`);
  if ((id === undefined) === (app === undefined)) {
    throw new UsageError("capture: expected either the ID of a session or --app NAME");
  }
  const query = readQuery(args);
  if (app !== undefined) {
    return { path: `api/apps/${encodeURIComponent(app)}/capture`, query, what: `app "${app}"` };
  }
  if (id === undefined || !/^[1-9]\d{0,14}$/.test(id)) {
    throw new UsageError(`capture: the session is "${id}"; expected its number, such as 17`);
  }
  for (const name of ["client", "count"]) {
    if (args.text(name) !== undefined) throw new UsageError(`capture: --${name} needs --app`);
  }
  return { path: `api/sessions/${id}/capture`, query, what: `session ${id}` };
}

/** The proxy checks what is within its limits; here, what is no quantity at all. */
function readQuery(args: CommandArgs): URLSearchParams {
  const query = new URLSearchParams();
  try {
    const client = args.text("client");
    if (client !== undefined) {
      parseCidr(client);
      query.set("client", client);
    }
    const [count, bytes, time] = [args.text("count"), args.text("bytes"), args.text("for")];
    if (count !== undefined) query.set("count", count);
    if (bytes !== undefined) query.set("bytes", String(parseSize(bytes)));
    if (time !== undefined) query.set("seconds", String(Math.ceil(parseDuration(time) / 1000)));
    const resolution = args.text("resolution");
    if (resolution !== undefined) query.set("resolution", resolution);
  } catch (error) {
    const isMistake = error instanceof CidrError || error instanceof UnitError;
    throw isMistake ? new UsageError(`capture: ${error.message}`) : error;
  }
  return query;
}

/** Where the capture is written, and what frees it. */
function outputOf(args: CommandArgs, io: Io): Disposable & { readonly bytes: ByteOutput } {
  const path = args.text("output");
  const isDash = args.positionals.includes("-");
  if (isDash && path !== undefined && path !== "-") {
    throw new UsageError(`capture: "-" and --output ${path} exclude each other; give one of them`);
  }
  if (path !== undefined && path !== "-") {
    const bytes = new FileBytes(path);
    return { bytes, [Symbol.dispose]: () => bytes[Symbol.dispose]() };
  }
  if (io.bytes.isTerminal) {
    throw new UsageError(
      "capture: a capture is no text for a terminal; add -o FILE, or pipe it into a program",
    );
  }
  return { bytes: io.bytes, [Symbol.dispose]: () => {} };
}
