import { type Address, AddressError, checkHost, expandListenRange, formatAddress } from "../../base/mod.ts";
import { parseListenRange, parsePortRange } from "../../base/mod.ts";
import { type Command, type CommandArgs, UsageError } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";

/** `tcpproxy echo`: something to proxy to. */
export const echo: Command = {
  name: "echo",
  summary: "Run echo servers, to have something to proxy to",
  usage: "PORT…",
  details:
    `Each word is a port, a range (6000-6009) or an address (127.0.0.1:7000, [::1]:7000, unix:/tmp/echo.sock).
A client that finishes sending still gets all of its answer.`,
  arity: [1, Infinity],
  flags: [{ name: "host", value: "HOST", summary: "Where ports listen; default 127.0.0.1" }],
  example: "tcpproxy echo 15001 15002",
  run: runEcho,
};

async function runEcho(args: CommandArgs, io: Io): Promise<number> {
  const addresses = readAddresses(args);
  const [{ closeAll, openEchoServers }, { listenForSignals }] = await Promise.all([
    import("../echo_server.ts"),
    import("../run/signals.ts"),
  ]);
  using signals = listenForSignals();
  const servers = await openEchoServers(addresses);
  try {
    await io.print(`echo on ${servers.map((server) => formatAddress(server.address)).join(", ")}`);
    await signals.next();
    return EXIT.done;
  } finally {
    await closeAll(servers);
  }
}

function readAddresses(args: CommandArgs): Address[] {
  try {
    const host = checkHost(args.text("host") ?? "127.0.0.1");
    return args.positionals.flatMap((word) =>
      expandListenRange(
        word.includes(":") ? parseListenRange(word) : { kind: "tcp_range", host, ...parsePortRange(word) },
      )
    );
  } catch (error) {
    if (error instanceof AddressError) throw new UsageError(`echo: ${error.message}`);
    throw error;
  }
}
