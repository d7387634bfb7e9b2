import type * as NodeFs from "node:fs";
import { dirname } from "node:path";
import { errorCode, errorMessage } from "../../base/mod.ts";
import { LogOpenError, processStreamAt } from "./destination.ts";

/**
 * Opens a nameless file in a directory, which vanishes when closed (Linux, open(2)); needs the right to create files
 * there. `node:fs` lacks this constant.
 */
const O_TMPFILE = Deno.build.arch === "aarch64" ? 0o20040000 : 0o20200000;

const FORBIDDEN: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);

/** How long the check may take: a file on a dead mount never answers. */
const LIMIT_MS = 5000;

/**
 * Returns why a log could not be opened at this path, with a remedy; `undefined` if it could, or if the runtime does not
 * permit the check. Neither creates nor changes the file.
 */
export async function logFileProblem(path: string): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => late.resolve(`the file did not answer within ${LIMIT_MS / 1000} s; check its file system`),
    LIMIT_MS,
  );
  try {
    return await Promise.race([problemOf(path), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Never rejects. */
async function problemOf(path: string): Promise<string | undefined> {
  try {
    if (processStreamAt(path) !== undefined) return undefined;
    return await fileProblem(path);
  } catch (error) {
    if (error instanceof LogOpenError) return error.message.replace(/^open the log: /, "");
    // A file that may not be checked may still be opened.
    if (errorCode(error) === "NOT_CAPABLE") return undefined;
    return errorMessage(error);
  }
}

async function fileProblem(path: string): Promise<string | undefined> {
  let isFile: boolean;
  try {
    const info = await Deno.stat(path);
    if (info.isDirectory) return "the path is a directory; give the path of a file";
    isFile = info.isFile;
  } catch (error) {
    return await missingFileProblem(path, error);
  }
  // A pipe is not opened: its reader would take the close for the end of the log.
  return !isFile || await opens(path, ({ O_WRONLY, O_APPEND }) => O_WRONLY | O_APPEND)
    ? undefined
    : "this user may not write the file; change its owner or mode";
}

async function missingFileProblem(path: string, cause: unknown): Promise<string | undefined> {
  const code = errorCode(cause);
  if (code === "ENOTDIR") return "the path leads through a file; give one that leads through directories";
  if (code === "EACCES") return "this user may not enter its directory; change its owner or mode";
  if (code !== "ENOENT") throw cause;
  const directory = dirname(path);
  if (!await exists(directory)) return `its directory ${JSON.stringify(directory)} does not exist; create it`;
  return Deno.build.os !== "linux" || await opens(directory, ({ O_WRONLY }) => O_WRONLY | O_TMPFILE)
    ? undefined
    : `this user may not create a file in ${JSON.stringify(directory)}; change its owner or mode`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Whether this user may open the path with these flags; true if opening fails for any other reason. */
async function opens(
  path: string,
  flags: (constants: typeof NodeFs.constants) => number,
): Promise<boolean> {
  const { close, constants, open } = await import("node:fs");
  return await new Promise((resolve) => {
    open(path, flags(constants), 0o600, (error, descriptor) => {
      if (error) return resolve(!FORBIDDEN.has(errorCode(error)));
      close(descriptor, () => resolve(true));
    });
  });
}
