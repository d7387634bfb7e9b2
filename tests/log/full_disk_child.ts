/** Writes to the file that its argument names until that takes no more, and prints how many bytes write said it took. */
import { LogFile } from "../../lib/log/mod.ts";

async function fill(path: string): Promise<number> {
  const file = await new LogFile(path).open();
  const bytes = new Uint8Array(50_000);
  let written = 0;
  try {
    for (;;) written += await file.write(bytes);
  } catch {
    // It is full.
    return written;
  }
}

void fill(Deno.args[0] ?? "").then((written) =>
  Deno.stdout.writeSync(new TextEncoder().encode(String(written)))
);
