import { type Address, formatAddress, type TcpAddress } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Command, CommandArgs } from "../command.ts";
import { COLOR_FLAG, colorChoice } from "../flags/color_flag.ts";
import type { Io } from "../io.ts";
import { startSpareThread } from "../run/spare_thread.ts";

/** `tcpproxy demo`: the shipped config with something behind it. */
export const demo: Command = {
  name: "demo",
  summary: "Run the shipped config with echo servers as its targets, and the dashboard",
  usage: "",
  details: "Needs no file, and leaves nothing behind when Ctrl-C ends it.",
  arity: [0, 0],
  flags: [COLOR_FLAG],
  example: "tcpproxy demo\n# in another terminal:\necho hello | nc -N localhost 5001",
  run: runDemo,
};

/** A demo ends at Ctrl-C at once, whatever is still connected. */
const DRAIN_TIMEOUT_MS = 1000;

/** Where the dashboard is. */
const ADMIN: TcpAddress = { kind: "tcp", host: "127.0.0.1", port: 9900 };

/** Where the demo may stand in for a target. */
const LOOPBACK = /^(127\..+|::1|localhost)$/;

async function runDemo(args: CommandArgs, io: Io): Promise<number> {
  const color = colorChoice(args);
  using spare = startSpareThread();
  // One after the other, as in `run`.
  const { embeddedConfig } = await import("../../config/mod.ts");
  const { serve } = await import("../run/serve.ts");
  const { closeAll, openEchoServers } = await import("../echo_server.ts");
  const shipped = await embeddedConfig();
  const config: Config = {
    ...shipped,
    admin: { listen: ADMIN, tokenFile: undefined },
    shutdown: { delayMs: 0, drainTimeoutMs: DRAIN_TIMEOUT_MS },
  };
  const echoes = await openEchoServers(localTargets(config));
  try {
    return await serve(config, {
      io,
      color,
      spare,
      configName: "shipped with the program",
      onReady: () => io.print(whatToTry(config)),
    });
  } finally {
    await closeAll(echoes);
  }
}

/** The targets that are on this machine, each once. */
function localTargets(config: Config): Address[] {
  const found = new Map<string, Address>();
  for (const { address, label } of config.apps.flatMap((app) => app.targets)) {
    if (address.kind === "tcp" && LOOPBACK.test(address.host)) found.set(label, address);
  }
  return [...found.values()];
}

function whatToTry(config: Config): string {
  const echoes = localTargets(config).map(formatAddress);
  const tries = config.apps.flatMap((app) => {
    const [port] = app.ports;
    if (port === undefined) return [];
    const answers = app.targets.some((target) => echoes.includes(target.label));
    return [
      `  echo hello | nc -N localhost ${port}   # ${app.name}${answers ? "" : ": no target can be reached"}`,
    ];
  });
  return [
    `Echo servers answer on ${echoes.join(", ")}.`,
    "Try, in another terminal:",
    ...tries,
    `See it live at http://${formatAddress(ADMIN)}/, or with: tcpproxy top --url http://${
      formatAddress(ADMIN)
    }`,
    "Ctrl-C ends the demo.",
  ].join("\n");
}
