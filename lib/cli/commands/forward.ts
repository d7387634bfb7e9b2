import { AddressError, parseListenRange, parsePortRange, parseTargetAddress } from "../../base/mod.ts";
import { type Command, type CommandArgs, UsageError } from "../command.ts";
import { COLOR_FLAG, colorChoice } from "../flags/color_flag.ts";
import { ENGINE_FLAG, engineChoice, withEngine } from "../flags/engine_flag.ts";
import type { Io } from "../io.ts";
import { startSpareThread } from "../run/spare_thread.ts";

/** `tcpproxy forward`: a proxy without a file. */
export const forward: Command = {
  name: "forward",
  summary: "Run a proxy for one address, without a config",
  usage: "LISTEN TARGET…",
  details:
    `LISTEN is a port, a range (6000-6009) or an address (127.0.0.1:8080, [::1]:8080, unix:/tmp/x.sock); a bare port
listens on every interface. TARGET is host:port, [v6]:port, unix:/path, or host:* for the port that the client came to.`,
  arity: [2, Infinity],
  flags: [
    { name: "json", summary: "Write both logs as JSON" },
    COLOR_FLAG,
    ENGINE_FLAG,
    { name: "quiet", short: "q", summary: "Write no access log" },
  ],
  example: "tcpproxy forward 8080 10.0.0.1:80 10.0.0.2:80",
  run: runForward,
};

async function runForward(args: CommandArgs, io: Io): Promise<number> {
  const [listen = "", ...targets] = args.positionals;
  const color = colorChoice(args);
  const isPort = checkWords(listen, targets);
  using spare = startSpareThread(engineChoice(args));
  // One after the other, as in `run`.
  const { resolveConfig } = await import("../../config/mod.ts");
  const { serve } = await import("../run/serve.ts");
  const config = resolveConfig({
    log: { format: args.on("json") ? "json" : "text", access: !args.on("quiet") },
    apps: [{ name: "forward", ...(isPort ? { ports: [listen] } : { listen: [listen] }), targets }],
  }, { source: "forward" });
  return await serve(withEngine(config, args), { io, color, spare, configName: "from the command line" });
}

/** Checks the words one by one, to speak of them as they were typed; gives whether the first is a port. */
function checkWords(listen: string, targets: readonly string[]): boolean {
  const isPort = !listen.includes(":");
  try {
    if (isPort) parsePortRange(listen);
    else parseListenRange(listen);
    for (const target of targets) parseTargetAddress(target);
  } catch (error) {
    if (error instanceof AddressError) throw new UsageError(`forward: ${error.message}`);
    throw error;
  }
  return isPort;
}
