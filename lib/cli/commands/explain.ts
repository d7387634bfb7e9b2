import { AddressError, checkHost, MAX_PORT, parseAddress, parseIp, parsePort } from "../../base/mod.ts";
import type { ConnectionQuestion, Destination } from "../../proxy/mod.ts";
import { type Command, type CommandArgs, CONFIG_FLAG, UsageError } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import type { Io } from "../io.ts";
import { readConfig } from "../read_config.ts";

/** `tcpproxy explain`: what would happen to a connection. */
export const explain: Command = {
  name: "explain",
  summary: "Explain what would happen to a connection: app, rule, route, targets",
  usage: "[-c FILE] --port N --client ADDR",
  details: `Connects nowhere: the config alone is asked, and every target is taken to be up and idle.
ADDR of --client is an IP address. Where --port is listened on at several addresses, --listen says which is meant
(10.0.0.1, 10.0.0.1:5001), and it may stand in place of --port (unix:/run/pg.sock). The exit code is 1 when nobody
listens there.`,
  arity: [0, 0],
  flags: [
    CONFIG_FLAG,
    { name: "port", value: "N", summary: "The port that the client connects to" },
    { name: "listen", value: "ADDR", summary: "The address that the client connects to" },
    { name: "client", value: "ADDR", summary: "The client's IP address" },
    { name: "sni", value: "NAME", summary: "The server name in the client's TLS" },
    { name: "alpn", value: "PROTO", summary: "The protocols that the client offers, with commas between" },
    {
      name: "json",
      summary: "Print JSON: app, listener, admission, route and targets, null or empty for none",
    },
  ],
  example: "tcpproxy explain -c config.yaml --port 443 --client 192.0.2.7 --sni www.example.com",
  run: explainConfig,
};

async function explainConfig(args: CommandArgs, io: Io): Promise<number> {
  const question = readQuestion(args);
  const [{ config }, { explainConnection }, words] = await Promise.all([
    readConfig(args.text("config")),
    import("../../proxy/mod.ts"),
    import("../explanation_text.ts"),
  ]);
  const explanation = explainConnection(config, question);
  switch (explanation.kind) {
    case "none":
      await io.complain(words.describeNone(question.to, explanation.nearest));
      return EXIT.failed;
    case "several":
      throw new UsageError(words.describeSeveral(question.to, explanation.listeners));
    case "explained":
      await io.print(
        args.on("json")
          ? JSON.stringify(words.explanationJson(explanation), undefined, 2)
          : words.explanationText(explanation, question),
      );
      return EXIT.done;
  }
}

function readQuestion(args: CommandArgs): ConnectionQuestion {
  try {
    const to = readDestination(args.text("port"), args.text("listen"));
    return {
      to,
      client: readClient(args.text("client"), to),
      sni: readServerName(args.text("sni")),
      alpn: (args.text("alpn") ?? "").split(",").filter((protocol) => protocol !== ""),
    };
  } catch (error) {
    if (error instanceof AddressError) throw new UsageError(`explain: ${error.message}`);
    throw error;
  }
}

function readDestination(portText: string | undefined, listen: string | undefined): Destination {
  const port = portText === undefined ? undefined : parsePort(portText);
  if (listen === undefined) {
    if (port === undefined) throw new UsageError("explain: there is no port, --port N was wanted");
    return { kind: "port", port };
  }
  const host = listen.replace(/^\[(.*)\]$/, "$1");
  const isHost = !listen.startsWith("unix:") && (parseIp(host) !== undefined || !listen.includes(":"));
  if (isHost) {
    checkHost(host);
    if (port === undefined) {
      throw new UsageError(
        `explain: the address "${listen}" has no port, --port N from 1 to ${MAX_PORT} was wanted`,
      );
    }
    return { kind: "tcp", host, port };
  }
  const address = parseAddress(listen);
  if (port !== undefined && (address.kind === "unix" || address.port !== port)) {
    throw new UsageError(`explain: --listen "${listen}" has not the port ${port}, one of them was wanted`);
  }
  return address;
}

function readClient(text: string | undefined, to: Destination): string | undefined {
  if (text === undefined) {
    if (to.kind === "unix") return undefined;
    throw new UsageError("explain: there is no client, --client ADDR was wanted");
  }
  const host = text.replace(/^\[(.*)\]$/, "$1");
  if (parseIp(host) !== undefined) return host;
  throw new UsageError(`explain: the client is "${text}", an IP address was wanted`);
}

function readServerName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (parseIp(name) !== undefined) {
    throw new UsageError(
      `explain: the server name is "${name}", a name was wanted: clients never send an address`,
    );
  }
  return checkHost(name);
}
