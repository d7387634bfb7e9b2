/**
 * Reads captures, without anything of the code that writes them: blocks as in draft-ietf-opsawg-pcapng, packets as in
 * RFC 791, RFC 8200 and RFC 9293. It throws at whatever is not as it must be, wrong checksums included.
 *
 * @module
 */

/** A capture that was read. */
export interface ReadCapture {
  readonly application: string;
  readonly comment: string;
  readonly interfaces: readonly { name: string; description: string; resolution: number }[];
  readonly packets: readonly ReadPacket[];
  readonly statistics: readonly ReadStatistics[];
}

export interface ReadPacket {
  readonly interfaceId: number;
  /** In the interface's unit. */
  readonly timestamp: bigint;
  readonly direction: "in" | "out";
  readonly comment: string | undefined;
  readonly dropped: number | undefined;
  readonly segment: ReadSegment;
}

export interface ReadSegment {
  /** `address:port`. */
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** Letters: S, A, P, F, R. */
  readonly flags: string;
  readonly payload: Uint8Array;
}

export interface ReadStatistics {
  readonly interfaceId: number;
  readonly comment: string;
  readonly received: number;
  readonly dropped: number;
  readonly delivered: number;
}

type Options = Map<number, Uint8Array>;

/** Reads a whole capture. */
export function readCapture(bytes: Uint8Array): ReadCapture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const interfaces: { name: string; description: string; resolution: number }[] = [];
  const packets: ReadPacket[] = [];
  const statistics: ReadStatistics[] = [];
  let section: Options | undefined;
  for (let at = 0; at < bytes.length;) {
    const type = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    check(length % 4 === 0 && at + length <= bytes.length, `block of ${length} bytes at ${at}`);
    check(view.getUint32(at + length - 4, true) === length, `trailer at ${at}`);
    const body = bytes.subarray(at + 8, at + length - 4);
    const fields = new DataView(body.buffer, body.byteOffset, body.length);
    if (type === 0x0a0d0d0a) {
      check(at === 0 && fields.getUint32(0, true) === 0x1a2b3c4d, "section header");
      check(fields.getUint16(4, true) === 1 && fields.getUint16(6, true) === 0, "version");
      section = readOptions(body.subarray(16));
    } else if (type === 1) {
      check(fields.getUint16(0, true) === 101, "link type");
      const options = readOptions(body.subarray(8));
      interfaces.push({
        name: text(options.get(2)) ?? "",
        description: text(options.get(3)) ?? "",
        resolution: options.get(9)?.[0] ?? 6,
      });
    } else if (type === 6) {
      packets.push(readPacket(body, fields));
    } else {
      check(type === 5, `block type ${type}`);
      const options = readOptions(body.subarray(12));
      statistics.push({
        interfaceId: fields.getUint32(0, true),
        comment: text(options.get(1)) ?? "",
        received: number64(options.get(4)),
        dropped: number64(options.get(5)),
        delivered: number64(options.get(8)),
      });
    }
    at += length;
  }
  check(section !== undefined, "no section header");
  return {
    application: text(section?.get(4)) ?? "",
    comment: text(section?.get(1)) ?? "",
    interfaces,
    packets,
    statistics,
  };
}

/** The bytes that one end sent over one interface, put together by sequence numbers; throws at a gap. */
export function sentBy(packets: readonly ReadPacket[], interfaceId: number, from: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let next: number | undefined;
  for (const { interfaceId: on, segment } of packets) {
    if (on !== interfaceId || segment.from !== from) continue;
    const { sequence, payload, flags } = segment;
    check(next === undefined || next === sequence, `sequence ${sequence}; expected ${next}`);
    next = (sequence + payload.length + (/[SF]/.test(flags) ? 1 : 0)) >>> 0;
    pieces.push(payload);
  }
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function readPacket(body: Uint8Array, fields: DataView): ReadPacket {
  const captured = fields.getUint32(12, true);
  check(captured === fields.getUint32(16, true), "a packet is cut");
  const padded = Math.ceil(captured / 4) * 4;
  const options = readOptions(body.subarray(20 + padded));
  const direction = (options.get(2)?.[0] ?? 0) & 3;
  check(direction === 1 || direction === 2, "direction");
  const dropped = options.get(4);
  return {
    interfaceId: fields.getUint32(0, true),
    timestamp: (BigInt(fields.getUint32(4, true)) << 32n) | BigInt(fields.getUint32(8, true)),
    direction: direction === 1 ? "in" : "out",
    comment: text(options.get(1)),
    dropped: dropped === undefined ? undefined : number64(dropped),
    segment: readSegment(body.subarray(20, 20 + captured)),
  };
}

function readOptions(bytes: Uint8Array): Options {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const options: Options = new Map();
  for (let at = 0; at < bytes.length;) {
    const code = view.getUint16(at, true);
    const length = view.getUint16(at + 2, true);
    at += 4;
    if (code === 0) {
      check(length === 0 && at === bytes.length, "end of options");
      return options;
    }
    check(!options.has(code), `option ${code} twice`);
    options.set(code, bytes.subarray(at, at + length));
    at += Math.ceil(length / 4) * 4;
    check(at <= bytes.length, `option ${code} is cut`);
  }
  check(bytes.length === 0, "options without an end");
  return options;
}

function readSegment(packet: Uint8Array): ReadSegment {
  const version = (packet[0] ?? 0) >> 4;
  check(version === 4 || version === 6, `IP version ${version}`);
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let [from, to, tcpAt, protocol] = [new Uint8Array(), new Uint8Array(), 40, packet[6]];
  if (version === 4) {
    check(view.getUint16(2) === packet.length, "IPv4 length");
    check(sum(packet.subarray(0, 20)) === 0xffff, "IPv4 checksum");
    [from, to, tcpAt, protocol] = [packet.slice(12, 16), packet.slice(16, 20), 20, packet[9]];
  } else {
    check(view.getUint16(4) === packet.length - 40, "IPv6 length");
    [from, to] = [packet.slice(8, 24), packet.slice(24, 40)];
  }
  check(protocol === 6, "protocol");
  const tcp = packet.subarray(tcpAt);
  const pseudo = new Uint8Array([...from, ...to, 0, 6, 0, 0]);
  new DataView(pseudo.buffer).setUint16(pseudo.length - 2, tcp.length);
  check(fold(sum(pseudo) + sum(tcp)) === 0xffff, "TCP checksum");
  const fields = new DataView(tcp.buffer, tcp.byteOffset, tcp.length);
  const bits = tcp[13] ?? 0;
  return {
    from: `${addressText(from)}:${fields.getUint16(0)}`,
    to: `${addressText(to)}:${fields.getUint16(2)}`,
    sequence: fields.getUint32(4),
    acknowledgement: fields.getUint32(8),
    flags: ["F", "S", "R", "P", "A"].filter((_, bit) => bits & (1 << bit)).join(""),
    payload: tcp.slice(((tcp[12] ?? 0) >> 4) * 4),
  };
}

/** The one's complement sum of big-endian words. */
function sum(bytes: Uint8Array): number {
  let total = 0;
  for (const [index, byte] of bytes.entries()) total += index % 2 === 0 ? byte * 256 : byte;
  return fold(total);
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded % 65536) + Math.floor(folded / 65536);
  return folded;
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  return `[${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}]`;
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function number64(bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return NaN;
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}

function check(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`capture: ${what}`);
}
