import type { CaptureFile, CaptureRequest, CaptureStart, CaptureSubject } from "../../../lib/capture/mod.ts";
import { concat } from "../bytes.ts";
import { type ReadCapture, readCapture } from "./pcapng.ts";

/** A request for a capture, with limits that no test reaches. */
export function requestOf(
  subject: CaptureSubject,
  limits: Partial<Omit<CaptureRequest, "subject">> = {},
): CaptureRequest {
  return {
    subject,
    application: "tcpproxy test",
    count: subject.kind === "session" ? 1 : 1000,
    bytes: 1024 ** 3,
    forMs: 600_000,
    resolution: "us",
    ...limits,
  };
}

/** The file of a capture that has begun. */
export function begun(start: CaptureStart): CaptureFile {
  if (start.kind !== "begun") throw new Error(`capture: ${start.kind}; expected it to begin`);
  return start.file;
}

/** Reads the whole file. */
export async function bytesOf(file: CaptureFile): Promise<Uint8Array<ArrayBuffer>> {
  return concat(...await Array.fromAsync(file.stream));
}

/** Reads and parses the whole file. */
export async function captureOf(file: CaptureFile): Promise<ReadCapture> {
  return readCapture(await bytesOf(file));
}
