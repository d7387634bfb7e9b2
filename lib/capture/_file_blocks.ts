import { formatCidr } from "../base/mod.ts";
import { interfaceDescription, interfaceStatistics, sectionHeader } from "../protocol/mod.ts";
import type { CaptureRequest, CaptureSubject } from "./order.ts";
import { timestampOf } from "./wall_clock.ts";

/** Largest packet: an IP packet. */
const SNAP_LENGTH = 65_535;

/** Returns the blocks that a capture begins with. */
export function headBlocks({ application, subject, resolution }: CaptureRequest): Uint8Array<ArrayBuffer>[] {
  const common = { resolution, snapLength: SNAP_LENGTH };
  return [
    sectionHeader({ application, comment: `capture of ${describeSubject(subject)}` }),
    interfaceDescription({ ...common, name: "client", description: "between client and proxy" }),
    interfaceDescription({ ...common, name: "target", description: "between proxy and target" }),
  ];
}

/** The data in the last blocks of a capture. */
export interface Tail {
  /** In milliseconds since the Unix epoch. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Packets in the file, and packets that were lost, by interface. */
  readonly delivered: readonly [number, number];
  readonly dropped: readonly [number, number];
  readonly end: string;
}

/** Returns the blocks that a capture ends with, in at most {@link TAIL_BYTES}. */
export function tailBlocks({ resolution }: CaptureRequest, tail: Tail): Uint8Array<ArrayBuffer>[] {
  const { startedMs, endedMs, delivered, dropped, end } = tail;
  return ([0, 1] as const).map((interfaceId) =>
    interfaceStatistics({
      interfaceId,
      startedAt: timestampOf(startedMs, resolution),
      endedAt: timestampOf(endedMs, resolution),
      received: delivered[interfaceId] + dropped[interfaceId],
      dropped: dropped[interfaceId],
      delivered: delivered[interfaceId],
      comment: `capture ended: ${end}`,
    })
  );
}

/** Kept of a size limit for {@link tailBlocks}. */
export const TAIL_BYTES = 512;

/** Describes a capture in words. */
export function describeSubject(subject: CaptureSubject): string {
  if (subject.kind === "session") return `session ${subject.id}`;
  const clients = subject.clients.map(formatCidr).join(", ");
  return `app "${subject.app}"${clients === "" ? "" : `, clients ${clients}`}`;
}
