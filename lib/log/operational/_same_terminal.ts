import process from "node:process";

const STDOUT = 1;
const STDERR = 2;

/** Whether stdout and stderr are the same terminal, so that a reader sees their lines as one text. */
export function isOneTerminal(): boolean {
  if (!Deno.stdout.isTerminal() || !Deno.stderr.isTerminal()) return false;
  try {
    // Loaded here: it takes a start some 30 ms, and only a terminal needs it.
    const { fstatSync } = process.getBuiltinModule("node:fs");
    const [out, err] = [fstatSync(STDOUT), fstatSync(STDERR)];
    return out.dev === err.dev && out.ino === err.ino;
  } catch (error) {
    // The runtime forbids fstat or cannot do it: they count as two.
    if (error instanceof Error) return false;
    throw error;
  }
}
