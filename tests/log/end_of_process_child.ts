/** Logs 1,000 access lines and one operational line, then ends in the way that its argument says; see the test. */
import { AccessLog, closeLogging, getLogger, setUpLogging, stdoutDestination } from "../../lib/log/mod.ts";

setUpLogging({ level: "info", format: "text" });
const log = AccessLog.to(stdoutDestination());

function speak(lines: number): void {
  for (let id = 1; id <= lines; id++) {
    log.write({
      time: 0,
      id,
      app: "echo",
      listener: "127.0.0.1:5001",
      client: "127.0.0.1:40000",
      target: undefined,
      reason: "no_target",
      bytesUp: 0,
      bytesDown: 0,
      durationMs: 1,
      connectMs: undefined,
      tries: 1,
      sni: undefined,
      detail: "",
    });
  }
}

async function closeAndExit(): Promise<void> {
  await log.close(50);
  getLogger("child").info("dropped {lines}", { lines: log.droppedLines });
  await closeLogging();
  Deno.exit(3);
}

const ENDS: Readonly<Record<string, () => void>> = {
  natural: (): void => {},
  exit: (): void => Deno.exit(3),
  throw: (): void =>
    void setTimeout(() => {
      throw new Error("thrown");
    }),
  reject: (): void => void Promise.reject(new Error("rejected")),
  // The parent reads nothing: a pipe holds 64 KiB of these 140.
  stalled: (): void => void setTimeout(closeAndExit, 20),
};

speak(1000);
getLogger("child").info("it spoke");
ENDS[Deno.args[0] ?? ""]?.();
