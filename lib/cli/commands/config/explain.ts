import type { ConnectionQuestion, Explanation } from "../../../proxy/mod.ts";
import { type Command, type CommandArgs, CONFIG_FLAG, UsageError } from "../../command.ts";
import { EXIT } from "../../exit_code.ts";
import type { Io } from "../../io.ts";
import { readConfig } from "../../config/read_config.ts";
import { readRunning, RUNNING_FLAGS } from "../../running/running_proxy.ts";

/** `tcpproxy explain`: what would happen to a connection. */
export const explain: Command = {
  name: "explain",
  summary: "Explain what would happen to a connection: app, rule, route, targets",
  usage: "[-c FILE] [--running | --url URL] --port N --client ADDR",
  details:
    `Asks the config alone, which takes every target to be up and idle; with --running or --url it asks a proxy that
runs, which knows: what is down, ejected, full or discovered, and how many connections each target has. Nothing is
changed by that, and no target is dialed.
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
    ...RUNNING_FLAGS,
    {
      name: "json",
      summary: "Print JSON: app, listener, admission, route, targets; of a running proxy what is skipped too",
    },
  ],
  example: `tcpproxy explain -c config.yaml --port 443 --client 192.0.2.7 --sni www.example.com
tcpproxy explain -c config.yaml --running --port 443 --client 192.0.2.7
tcpproxy explain --url http://127.0.0.1:9900 --token-file ./admin.token --port 443 --client 192.0.2.7`,
  run: explainConnectionOf,
};

async function explainConnectionOf(args: CommandArgs, io: Io): Promise<number> {
  const { describeNoListener, explainConnection, explanationJson } = await import("../../../proxy/mod.ts");
  const question = await readQuestionOf(args);
  const running = await readRunning("explain", args);
  const explanation: Explanation = running === undefined
    ? explainConnection((await readConfig(args.text("config"))).config, question)
    : await running.explain(question);
  if (explanation.kind !== "explained") {
    const words = describeNoListener(question.to, explanation, "--listen with one of the addresses");
    if (explanation.kind === "several") throw new UsageError(`explain: ${words}`);
    await io.complain(`explain: ${words}`);
    return EXIT.failed;
  }
  if (!args.on("json")) {
    const { explanationText } = await import("../../running/explanation_text.ts");
    await io.print(explanationText(explanation, question));
    return EXIT.done;
  }
  const json = running === undefined
    ? explanationJson(explanation)
    : (await import("../../../admin/mod.ts")).explanationToJson(explanation);
  await io.print(JSON.stringify(json, undefined, 2));
  return EXIT.done;
}

async function readQuestionOf(args: CommandArgs): Promise<ConnectionQuestion> {
  const { QuestionError, readQuestion } = await import("../../../proxy/mod.ts");
  const texts = {
    port: args.text("port"),
    listen: args.text("listen"),
    client: args.text("client"),
    sni: args.text("sni"),
    alpn: args.text("alpn"),
  };
  try {
    return readQuestion(texts, (part, value) => `--${part} ${value}`);
  } catch (error) {
    throw error instanceof QuestionError ? new UsageError(`explain: ${error.message}`) : error;
  }
}
