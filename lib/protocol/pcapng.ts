/**
 * Writes pcapng, the format of packet captures that Wireshark and tshark read (draft-ietf-opsawg-pcapng), in one
 * little-endian section.
 *
 * @module
 */

/** Media type of a capture. */
export const PCAPNG_TYPE = "application/x-pcapng";

/** Units of an interface's timestamps: microseconds or nanoseconds. */
export type TimestampResolution = "us" | "ns";

/** Type of a block (section 11.1). */
export const PCAPNG_BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  statistics: 5,
  packet: 6,
} as const;

/** Packets begin with their IPv4 or IPv6 header. */
const LINKTYPE_RAW = 101;

/** Longer comments are cut: a reader shows one line. */
const MAX_COMMENT_BYTES = 4096;

const ENCODER = new TextEncoder();

/** An option of a block: its code and its value. */
type Option = readonly [code: number, value: Uint8Array];

const COMMENT = 1;

export interface SectionHeader {
  /** The program and its version. */
  readonly application: string;
  readonly comment: string;
}

/** Returns the block that a capture begins with (section 4.1). */
export function sectionHeader({ application, comment }: SectionHeader): Uint8Array<ArrayBuffer> {
  const options: Option[] = [text(COMMENT, comment), text(4, application)];
  return block(PCAPNG_BLOCK.section, 16, options, (view) => {
    view.setUint32(8, 0x1a2b3c4d, true);
    view.setUint16(12, 1, true);
    view.setUint16(14, 0, true);
    // The section's length is not known in advance.
    view.setBigInt64(16, -1n, true);
  });
}

export interface InterfaceDescription {
  readonly name: string;
  readonly description: string;
  readonly resolution: TimestampResolution;
  /** Largest packet, in bytes. */
  readonly snapLength: number;
}

/** Returns the block that describes the next interface; the first one has number 0 (section 4.2). */
export function interfaceDescription(described: InterfaceDescription): Uint8Array<ArrayBuffer> {
  const { name, description, resolution, snapLength } = described;
  const options: Option[] = [
    text(2, name),
    text(3, description),
    [9, Uint8Array.of(resolution === "ns" ? 9 : 6)],
  ];
  return block(PCAPNG_BLOCK.interface, 8, options, (view) => {
    view.setUint16(8, LINKTYPE_RAW, true);
    view.setUint32(12, snapLength, true);
  });
}

export interface EnhancedPacket {
  /** Number of its interface. */
  readonly interfaceId: number;
  /** Since the Unix epoch, in the interface's unit. */
  readonly timestamp: bigint;
  /** The packet is `headers` and then `payload`. */
  readonly headers: Uint8Array;
  readonly payload: Uint8Array;
  readonly isInbound: boolean;
  /** Packets lost since the one before on this interface. Default: not recorded. */
  readonly dropped?: number | undefined;
  readonly comment?: string | undefined;
}

/** Returns the block of one packet, whole (section 4.3). */
export function enhancedPacket(packet: EnhancedPacket): Uint8Array<ArrayBuffer> {
  const { interfaceId, timestamp, headers, payload, isInbound, dropped, comment } = packet;
  const length = headers.length + payload.length;
  const options: Option[] = [[2, uint32(isInbound ? 1 : 2)]];
  if (comment !== undefined) options.unshift(text(COMMENT, comment));
  if (dropped !== undefined) options.push([4, uint64(BigInt(dropped))]);
  return block(PCAPNG_BLOCK.packet, 20 + padded(length), options, (view, bytes) => {
    view.setUint32(8, interfaceId, true);
    setTimestamp(view, 12, timestamp);
    view.setUint32(20, length, true);
    view.setUint32(24, length, true);
    bytes.set(headers, 28);
    bytes.set(payload, 28 + headers.length);
  });
}

export interface InterfaceStatistics {
  readonly interfaceId: number;
  /** Since the Unix epoch, in the interface's unit. */
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  /** Packets seen, those included that were dropped. */
  readonly received: number;
  readonly dropped: number;
  /** Packets in the capture. */
  readonly delivered: number;
  readonly comment: string;
}

/** Returns the block of an interface's statistics (section 4.6). */
export function interfaceStatistics(statistics: InterfaceStatistics): Uint8Array<ArrayBuffer> {
  const { interfaceId, startedAt, endedAt, received, dropped, delivered, comment } = statistics;
  const options: Option[] = [
    text(COMMENT, comment),
    [2, timestampBytes(startedAt)],
    [3, timestampBytes(endedAt)],
    [4, uint64(BigInt(received))],
    [5, uint64(BigInt(dropped))],
    [8, uint64(BigInt(delivered))],
  ];
  return block(PCAPNG_BLOCK.statistics, 12, options, (view) => {
    view.setUint32(8, interfaceId, true);
    setTimestamp(view, 12, endedAt);
  });
}

/** Reads what {@link interfaceStatistics} has written, as far as a reader wants to know it. */
export function statisticsOf(block: Uint8Array): Pick<InterfaceStatistics, "dropped" | "comment"> {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  let [dropped, comment] = [0, ""];
  for (let at = 20; at + 4 <= block.length - 4;) {
    const code = view.getUint16(at, true);
    const value = block.subarray(at + 4, at + 4 + view.getUint16(at + 2, true));
    if (code === 0) break;
    if (code === COMMENT) comment = new TextDecoder().decode(value);
    if (code === 5 && value.length === 8) dropped = Number(view.getBigUint64(at + 4, true));
    at += 4 + padded(value.length);
  }
  return { dropped, comment };
}

/** A block among others. */
export interface BlockPlace {
  readonly type: number;
  readonly start: number;
  /** In bytes, header and trailer included. */
  readonly length: number;
}

/** The shortest block. */
const MIN_BLOCK_BYTES = 12;

/** Longer than any block that is written here: a packet with its options. */
const MAX_BLOCK_BYTES = 128 * 1024;

/**
 * Finds the blocks that are in `bytes` whole, from the first byte on. Yields nothing more at one that is cut off.
 *
 * @throws {RangeError} where something else than a block begins.
 */
export function* blocksIn(bytes: Uint8Array): Generator<BlockPlace> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let start = 0; bytes.length - start >= MIN_BLOCK_BYTES;) {
    const length = view.getUint32(start + 4, true);
    if (length < MIN_BLOCK_BYTES || length > MAX_BLOCK_BYTES || length % 4 !== 0) {
      throw new RangeError(`pcapng: a block has the length ${length}`);
    }
    if (length > bytes.length - start) return;
    yield { type: view.getUint32(start, true), start, length };
    start += length;
  }
}

/** Returns a block: its header, `bodyBytes` that `fill` writes from offset 8 on, the options, and the trailer. */
function block(
  type: number,
  bodyBytes: number,
  options: readonly Option[],
  fill: (view: DataView, bytes: Uint8Array) => void,
): Uint8Array<ArrayBuffer> {
  let length = MIN_BLOCK_BYTES + bodyBytes + 4;
  for (const [, value] of options) length += 4 + padded(value.length);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  fill(view, bytes);
  let at = 8 + bodyBytes;
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  // The end of the options is four zeros.
  view.setUint32(length - 4, length, true);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

function text(code: number, value: string): Option {
  const bytes = new Uint8Array(MAX_COMMENT_BYTES);
  return [code, bytes.subarray(0, ENCODER.encodeInto(value, bytes).written)];
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function uint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

/** A timestamp is two words, the high one first, whatever the byte order (section 4.3). */
function setTimestamp(view: DataView, at: number, timestamp: bigint): void {
  view.setUint32(at, Number(timestamp >> 32n), true);
  view.setUint32(at + 4, Number(timestamp & 0xffff_ffffn), true);
}

function timestampBytes(timestamp: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  setTimestamp(new DataView(bytes.buffer), 0, timestamp);
  return bytes;
}
