/**
 * Reads a config file within bounds: a file that is too large is refused by its size, and one without a size (a pipe, a
 * device) once that many bytes have been read.
 *
 * @module
 */

import { errorCode, errorMessage } from "../../base/mod.ts";
import { folderOf } from "../resolve/paths.ts";
import { escapeControls } from "./text.ts";
import { MAX_CONFIG_BYTES } from "./yaml.ts";
import { ConfigError } from "../report/problem.ts";

const STANDARD_INPUT: readonly string[] = ["-", "/dev/stdin"];

/** A file's text, and where its relative paths start. */
export interface ReadFile {
  readonly text: string;
  readonly baseDirectory: string;
  /** Whether it can be read again: a regular file, neither a pipe nor a device. */
  readonly isSteady: boolean;
}

/**
 * Reads a file of at most {@link MAX_CONFIG_BYTES}.
 *
 * @throws {ConfigError} when it cannot be read or is no text.
 */
export async function readBounded(path: string): Promise<ReadFile> {
  if (path.includes("\0")) throw refuse(path, "the path has a NUL byte; remove it");
  // The runtime asks for all permissions before it opens a device, and for none before it reads its own input.
  if (STANDARD_INPUT.includes(path)) {
    return { text: await decode(path, Deno.stdin), baseDirectory: ".", isSteady: false };
  }
  try {
    const info = await Deno.stat(path);
    if (info.isDirectory) throw refuse(path, "the path is a directory; expected a file");
    if (info.size > MAX_CONFIG_BYTES) throw refuse(path, `the file has ${info.size} bytes; ${atMost()}`);
    using file = await Deno.open(path, { read: true });
    const { isFile } = info;
    return {
      text: await decode(path, file),
      baseDirectory: isFile ? folderOf(path) : ".",
      isSteady: isFile,
    };
  } catch (error) {
    throw error instanceof ConfigError ? error : refuse(path, explain(error), error);
  }
}

async function decode(path: string, reader: Pick<Deno.FsFile, "read">): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  while (true) {
    const chunk = new Uint8Array(64 * 1024);
    const count = await reader.read(chunk);
    if (count === null) break;
    size += count;
    if (size > MAX_CONFIG_BYTES) {
      throw refuse(path, `the file has more than ${MAX_CONFIG_BYTES} bytes; ${atMost()}`);
    }
    chunks.push(chunk.subarray(0, count));
  }
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refuse(path, `the file is no UTF-8 text${encodingOf(bytes)}; save it as UTF-8`, error);
  }
}

function explain(error: unknown): string {
  const code = errorCode(error);
  if (code === "NOT_CAPABLE" && errorMessage(error).includes("all access")) {
    return `the runtime opens it only with --allow-all; give a regular file, or "-" for standard input`;
  }
  if (code === "NOT_CAPABLE") {
    return "the runtime does not allow reading it; run with --allow-read";
  }
  if (code === "ENOENT") return "the file does not exist";
  if (code === "EACCES") {
    return "this user may not read the file; change its permissions, or run as another user";
  }
  if (code === "ENOTDIR") return "the path leads through a file; expected folders";
  if (code === "ELOOP") return "the path leads in a circle of links; expected a file";
  return `the file cannot be read: ${errorMessage(error)}`;
}

function encodingOf(bytes: Uint8Array): string {
  const mark = (bytes[0] ?? 0) << 8 | (bytes[1] ?? 0);
  return mark === 0xfffe || mark === 0xfeff ? " but UTF-16" : "";
}

function atMost(): string {
  return `expected at most ${MAX_CONFIG_BYTES}`;
}

function refuse(path: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError(`${escapeControls(path)}: ${message}`, [{ path: [], message }], { cause });
}
