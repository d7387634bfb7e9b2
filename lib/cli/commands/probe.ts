import {
  type Address,
  AddressError,
  checkHost,
  formatAddress,
  parseAddress,
  parseDuration,
  parseIp,
  UnitError,
} from "../../base/mod.ts";
import { type Command, type CommandArgs, UsageError } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import type { ProbeFailure, ProbeHeader, ProbePlan, ProbeTls } from "../probe/probe_report.ts";

/** `tcpproxy probe`: one connection, to see what comes back. */
export const probe: Command = {
  name: "probe",
  summary: "Connect somewhere, and show what comes back and how long each step takes",
  usage: "ADDRESS",
  details:
    `ADDRESS is host:port, [v6]:port or unix:/path. In this order, and as far as flags ask for it: a PROXY header,
a TLS handshake, the text; then what comes is shown, up to 4 KiB, until the target finishes or the time is over.
TEXT may have the escapes \\r, \\n, \\t, \\0, \\xNN and \\\\. Certificates are verified and not enforced.
The exit code is 1 when a step fails.`,
  arity: [1, 1],
  flags: [
    { name: "sni", value: "NAME", summary: "Begin TLS and ask for this server name" },
    { name: "alpn", value: "PROTO", summary: "Begin TLS and offer these protocols, with commas between" },
    { name: "starttls", value: "PROTO", summary: "Begin TLS as postgres, smtp or imap begins it" },
    { name: "proxy-protocol", value: "v1|v2", summary: "Send a PROXY header first" },
    { name: "as", value: "ADDR", summary: "The client that the header names; default this machine" },
    { name: "send", value: "TEXT", summary: "Send this when the connection is there" },
    { name: "timeout", value: "TIME", summary: "The limit of each step, and of the answer; default 5s" },
    { name: "json", summary: "Print JSON" },
  ],
  example: `tcpproxy probe 10.0.0.5:6379 --send 'PING\\r\\n' --timeout 1s
tcpproxy probe example.com:443 --sni example.com --alpn h2,http/1.1
tcpproxy probe 10.0.0.5:5432 --starttls postgres --sni db.example.com
tcpproxy probe 127.0.0.1:5001 --proxy-protocol v2 --as 192.0.2.7`,
  run: runProbe,
};

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_TIMEOUT_MS = 3_600_000;

async function runProbe(args: CommandArgs, io: Io): Promise<number> {
  const [{ CheckTextError, parseCheckBytes }, { probeTarget }, { probeJson, probeText }] = await Promise.all([
    import("../../pool/mod.ts"),
    import("../probe/probe_target.ts"),
    import("../probe/probe_text.ts"),
  ]);
  let plan: ProbePlan;
  try {
    plan = readPlan(args, parseCheckBytes);
  } catch (error) {
    const isMistake = error instanceof AddressError || error instanceof UnitError ||
      error instanceof CheckTextError;
    throw isMistake ? new UsageError(`probe: ${error.message}`) : error;
  }
  const report = await probeTarget(plan);
  if (args.on("json")) {
    await io.print(JSON.stringify(probeJson(formatAddress(plan.address), report), undefined, 2));
  } else if (report.steps.length > 0) {
    await io.print(probeText(report, Date.now()));
  }
  if (report.failure === undefined) return EXIT.done;
  await io.complain(`probe: ${STEPS[report.failure.kind]}: ${report.failure.reason}`);
  return EXIT.failed;
}

const STEPS: Readonly<Record<ProbeFailure["kind"], string>> = {
  connect: "connect",
  ["proxy_header"]: "send the PROXY header",
  tls: "shake hands",
  send: "send",
  answer: "read the answer",
};

function readPlan(args: CommandArgs, parseText: (text: string) => Uint8Array): ProbePlan {
  const address = parseAddress(args.positionals[0] ?? "");
  const send = args.text("send");
  return {
    address,
    proxyHeader: readHeader(args.text("proxy-protocol"), args.text("as")),
    tls: readTls(address, args),
    send: send === undefined ? undefined : parseText(send),
    timeoutMs: readTimeout(args.text("timeout")),
  };
}

function readHeader(version: string | undefined, as: string | undefined): ProbeHeader | undefined {
  if (version === undefined) {
    if (as === undefined) return undefined;
    throw new UsageError(`probe: --as needs --proxy-protocol v1 or v2`);
  }
  if (version !== "v1" && version !== "v2") {
    throw new UsageError(`probe: the PROXY protocol is "${version}"; expected v1 or v2`);
  }
  return { version, client: as === undefined ? undefined : readClient(as) };
}

function readClient(text: string): { host: string; port: number } {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  if (parseIp(bare) !== undefined) return { host: bare, port: 0 };
  const address = parseAddress(text);
  if (address.kind === "tcp" && parseIp(address.host) !== undefined) return address;
  throw new UsageError(
    `probe: the client is "${text}"; expected an IP address, with or without a port`,
  );
}

function readTls(address: Address, args: CommandArgs): ProbeTls | undefined {
  const [sni, alpn, starttls] = [args.text("sni"), args.text("alpn"), readStarttls(args.text("starttls"))];
  if (sni === undefined && alpn === undefined && starttls === undefined) return undefined;
  const serverName = sni === undefined ? address.kind === "tcp" ? address.host : "localhost" : checkHost(sni);
  return { serverName, alpn: (alpn ?? "").split(",").filter((protocol) => protocol !== ""), starttls };
}

function readStarttls(text: string | undefined): ProbeTls["starttls"] {
  if (text === undefined || text === "postgres" || text === "smtp" || text === "imap") return text;
  throw new UsageError(
    text === "mysql"
      ? "probe: TLS of MySQL begins in the midst of a login, which a probe does not have"
      : `probe: the protocol of --starttls is "${text}", expected postgres, smtp or imap`,
  );
}

function readTimeout(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_MS;
  const ms = parseDuration(text);
  if (ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw new UsageError(`probe: the timeout is "${text}"; expected 1ms to 1h`);
}
