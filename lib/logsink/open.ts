import { parseIp } from "../base/mod.ts";
import { formatSyslogAddress, type LogServerConfig, SYSLOG_FACILITIES } from "../config/parsed.ts";
import { lookUpName } from "../dial/mod.ts";
import {
  FIELD_END,
  journalEnvelope,
  localEnvelope,
  type LogDestination,
  type LogEnvelope,
  type LogSender,
  rfc5424Envelope,
} from "../log/mod.ts";
import { type DatagramSocket, openUdp, openUnixDatagram, runtimeTransport } from "../net/mod.ts";
import { DatagramDestination } from "./datagram_destination.ts";
import { shortened } from "./lines.ts";
import { LogServerError } from "./server_error.ts";
import { StreamDestination } from "./stream_destination.ts";

/** The server of a log, and the format for it. */
export interface LogSink {
  /** The server, as messages call it. */
  readonly name: string;
  readonly destination: LogDestination;
  readonly envelope: LogEnvelope;
}

/** The longest pause between attempts at a server that cannot be reached. */
export const MAX_RETRY_MS = 16_000;

/** How often the address of a name is looked up, since nothing tells that datagrams no longer arrive. */
const LOOKUP_MS = 60_000;

/** The sockets of this system's syslog. The runtime may forbid all paths in /dev; systemd's is behind a link there. */
export const LOCAL_SOCKETS = Deno.build.os === "linux"
  ? ["/dev/log", "/run/systemd/journal/dev-log"]
  : ["/var/run/syslog", "/var/run/log"];

/** Opens a log at a server. Nothing is sent yet, and a server that cannot be reached is no error. */
export function openLogSink({ server, facility, tag }: LogServerConfig): LogSink {
  const sender: LogSender = {
    tag,
    facility: SYSLOG_FACILITIES.indexOf(facility),
    pid: Deno.pid,
    hostname: hostname(),
  };
  if (server.kind === "journal") {
    return {
      name: `journal ${server.path}`,
      destination: new DatagramDestination({
        name: `journal ${server.path}`,
        open: () => Promise.resolve(openUnixDatagram(server.path)),
        datagramOf: journalEntry,
      }),
      envelope: journalEnvelope(sender),
    };
  }
  const name = `syslog ${formatSyslogAddress(server)}`;
  if (server.kind === "tcp") {
    const { host, port } = server;
    return {
      name,
      destination: new StreamDestination({ kind: "tcp", host, port }, name, runtimeTransport),
      envelope: rfc5424Envelope(sender),
    };
  }
  const datagramOf = (line: Uint8Array): Uint8Array => shortened(line);
  if (server.kind === "udp") {
    const { host, port } = server;
    const open = (): Promise<DatagramSocket> => openNamedUdp(host, port);
    return {
      name,
      destination: new DatagramDestination({
        name,
        datagramOf,
        open,
        renewMs: parseIp(host) ? Infinity : LOOKUP_MS,
      }),
      envelope: rfc5424Envelope(sender),
    };
  }
  const paths = "path" in server ? [server.path] : LOCAL_SOCKETS;
  return {
    name,
    destination: new DatagramDestination({ name, datagramOf, open: () => Promise.resolve(openFirst(paths)) }),
    envelope: localEnvelope(sender),
  };
}

/** One field a line, as the journal's native protocol has them; no value has a line feed. */
function journalEntry(line: Uint8Array): Uint8Array {
  const end = FIELD_END.charCodeAt(0);
  return line.map((byte) => byte === end ? LINE_FEED : byte);
}

const LINE_FEED = 10;

async function openNamedUdp(host: string, port: number): Promise<DatagramSocket> {
  if (parseIp(host) !== undefined) return openUdp(host, port);
  const [address] = await lookUpName(host);
  if (address === undefined) throw new LogServerError(host, "ENOTFOUND", "no address found for the name");
  return openUdp(address, port);
}

/** A socket to the first path that is there, or to the last one. */
function openFirst(paths: readonly string[]): DatagramSocket {
  const path = paths.find(isSocket) ?? paths.at(-1) ?? "";
  return openUnixDatagram(path);
}

function isSocket(path: string): boolean {
  try {
    return Deno.statSync(path).isSocket === true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return false;
    // Nothing else says that it cannot be sent to.
    return true;
  }
}

/** This machine's name; `-` (none, RFC 5424 section 6.2.4) where the runtime allows neither way to it. */
function hostname(): string {
  const name = readHostname().trim();
  return /^[\x21-\x7e]{1,255}$/.test(name) ? name : "-";
}

function readHostname(): string {
  try {
    if (Deno.permissions.querySync({ name: "sys", kind: "hostname" }).state === "granted") {
      return Deno.hostname();
    }
    const path = "/etc/hostname";
    return Deno.permissions.querySync({ name: "read", path }).state === "granted"
      ? Deno.readTextFileSync(path)
      : "";
  } catch (error) {
    if (error instanceof Error) return "";
    throw error;
  }
}
