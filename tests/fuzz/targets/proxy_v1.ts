import { isIPv4, isIPv6 } from "node:net";
import type { Address } from "../../../lib/base/mod.ts";
import { encodeProxyHeader, parseProxyHeader, type ProxyHeaderVerdict } from "../../../lib/protocol/mod.ts";
import { latin1, utf8 } from "../../helpers/bytes.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { ipv4Text, ipv6Text, portText } from "../grammar/addresses.ts";
import { checkGrowing } from "../models/growing.ts";

/** The line of section 2.1 as one expression, which knows nothing of the parser under test. */
const LINE = /^PROXY (?:UNKNOWN(?: [ -~]*)?|(TCP[46]) ([^ ]+) ([^ ]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4}))\r\n/;

const MAX_LINE = 107;

export const PROXY_V1: FuzzTarget = pureTarget({
  name: "proxy_v1",
  what: "the PROXY header in text",
  dictionary: [
    "PROXY ",
    "TCP4 ",
    "TCP6 ",
    "UNKNOWN",
    "\r\n",
    "\r",
    "\n",
    " ",
    "  ",
    "0",
    "65535",
    "::",
    "255.255.255.255",
  ],
  make,
  check,
});

function make(draw: Draw): Uint8Array {
  const separator = (): string => draw.once(20) ? draw.pick(["  ", "\t", ""]) : " ";
  const end = draw.once(12) ? draw.pick(["\n", "\r", "\r\r\n", " \r\n", ""]) : "\r\n";
  const tail = draw.pick(["", "GET / HTTP/1.1\r\n", "\0", "PROXY UNKNOWN\r\n"]);
  if (draw.once(5)) {
    const rest = draw.once(2) ? "" : ` ${"x".repeat(draw.below(110))}`;
    return utf8(`PROXY UNKNOWN${rest}${end}${tail}`);
  }
  const family = draw.pick(["TCP4", "TCP6", "TCP6", "TCP5", "tcp4"]);
  const address = family === "TCP6" ? ipv6Text : ipv4Text;
  const fields = [family, address(draw), address(draw), portText(draw), portText(draw)];
  if (draw.once(15)) fields.splice(draw.below(6), draw.below(2), draw.pick(["", "x", "TCP4"]));
  return utf8(`PROXY ${fields.join(separator())}${end}${tail}`);
}

function check(input: Uint8Array): void {
  const verdict = parseProxyHeader(input);
  checkGrowing(input, verdict, parseProxyHeader, new Draw(seedFor(input)));
  if (!latin1(input.subarray(0, 6)).startsWith("PROXY ")) return;
  const line = read(input);
  same(
    verdict.kind === "header" && verdict.length,
    line !== undefined && line.length,
    "is a header by the grammar",
  );
  if (verdict.kind === "header") checkHeader(verdict, line);
}

interface Read {
  readonly length: number;
  readonly source: string | undefined;
  readonly destination: string | undefined;
}

/** Reads a header by {@link LINE} and the platform's opinion of addresses. */
function read(input: Uint8Array): Read | undefined {
  const [whole, family, from, to, ...ports] = LINE.exec(latin1(input.subarray(0, MAX_LINE))) ?? [];
  if (whole === undefined) return undefined;
  if (family === undefined || from === undefined || to === undefined) {
    return { length: whole.length, source: undefined, destination: undefined };
  }
  const isAddress = family === "TCP4"
    ? isIPv4
    : (text: string): boolean => isIPv6(text) && !text.includes("%");
  if (!isAddress(from) || !isAddress(to) || ports.some((port) => Number(port) > 65535)) return undefined;
  return {
    length: whole.length,
    source: `${canonical(from)} ${ports[0]}`,
    destination: `${canonical(to)} ${ports[1]}`,
  };
}

/** The URL standard's form of an address. */
function canonical(host: string): string {
  return new URL(host.includes(":") ? `http://[${host}]` : `http://${host}`).hostname;
}

function checkHeader(verdict: Extract<ProxyHeaderVerdict, { kind: "header" }>, line: Read | undefined): void {
  const { source, destination, version, command, tlvs } = verdict.header;
  same([version, command, tlvs.fields().length], ["v1", "proxy", 0], "a v1 header");
  same(
    [shown(source), shown(destination)],
    [line?.source, line?.destination],
    "has the addresses of the line",
  );
  const again = parseProxyHeader(encodeProxyHeader("v1", { source, destination }));
  holds(again.kind === "header", () => `its own encoding is refused: ${JSON.stringify(again)}`);
  // The encoding may choose the family; a mapped address is the same as its IPv4 address.
  const plain = (address: Address | undefined): string | undefined =>
    shown(address)?.replace(/^\[::ffff:0:0\]/, "");
  if (source?.kind === "tcp" && source.host.startsWith("::ffff:")) return;
  if (destination?.kind === "tcp" && destination.host.startsWith("::ffff:")) return;
  same(
    [plain(again.header.source), plain(again.header.destination)],
    [plain(source), plain(destination)],
    "its own encoding is read back",
  );
}

function shown(address: Address | undefined): string | undefined {
  return address?.kind === "tcp" ? `${canonical(address.host)} ${address.port}` : undefined;
}
