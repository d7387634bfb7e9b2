import { formatAddress } from "../../../base/mod.ts";
import type { AppConfig, Config, RouteConfig, TargetConfig } from "../../../config/mod.ts";
import type { Logger } from "../../../log/mod.ts";
import type { ListenerInfo, ListenName } from "../../../proxy/mod.ts";

/** Facts about the process. */
export interface ProgramInfo {
  readonly version: string;
  readonly pid: number;
  /** Where the config is from, as words: the path of a file. */
  readonly config: string;
  /** How many threads carry connections. */
  readonly workers: number;
  /** Which sockets carry them, and why not the native ones. */
  readonly engine: { readonly name: "runtime" | "native"; readonly why: string | undefined };
}

/** Says what runs: the first line of the log. */
export function logProgram(log: Logger, { version, pid, config, workers, engine }: ProgramInfo): void {
  log.info("tcpproxy {version}, pid {pid}, config {config}, engine {engine}, workers {workers}", {
    version,
    pid,
    config,
    engine: engine.name,
    workers,
  });
  if (engine.why === undefined) return;
  // An executable has all that the native engine needs, where the system has; under `deno run` it is a choice.
  const level = Deno.build.standalone ? "info" : "debug";
  log[level]("engine runtime, not native: {why}", { why: engine.why });
}

/** Says what is about to run, in the words of the program that this one follows: one line an app. */
export function logConfig(log: Logger, config: Config): void {
  log.info("Starting a proxy with the following config:");
  for (const app of config.apps) {
    const own = [
      ...app.listen.slice(app.ports.length).map(formatAddress),
      ...app.sockets.map((name) => `systemd:${name}`),
    ];
    const parts: [title: string, property: string, value: string][] = [
      ["Name", "name", app.name],
      ["Ports", "ports", list(formatPorts(app.ports))],
      ["Listen", "listen", list(own)],
      ["Targets", "targets", list(labels(app.targets))],
      ["Routes", "routes", list(app.routes.map(formatRoute))],
    ];
    const shown = parts.filter(([, property, value]) => !OPTIONAL.has(property) || value !== NONE);
    log.info(
      shown.map(([title, property]) => `- ${title}: {${property}}`).join(" "),
      Object.fromEntries(shown.map(([, property, value]) => [property, value])),
    );
  }
}

const NONE = "[]";
/** What the line leaves out where there is none. */
const OPTIONAL: ReadonlySet<string> = new Set(["listen", "routes"]);

function formatRoute({ sni, alpn, targets }: RouteConfig): string {
  const rules = [...sni, ...alpn.map((protocol) => `alpn:${protocol}`)];
  const shown = labels(targets);
  const rest = shown.length > MAX_WORDS ? shown.splice(FIRST_WORDS).length : 0;
  const more = rest === 0 ? "" : ` … and ${rest} more`;
  return `${rules.length === 0 ? "*" : rules.join("|")} -> ${shown.join("|")}${more}`;
}

function labels(targets: readonly TargetConfig[]): string[] {
  return targets.map((target) => target.label);
}

/** Says what the names stand for that the config listens on. */
export function logListenNames(log: Logger, names: readonly ListenName[]): void {
  for (const { name, hosts, missing, mayLookUp } of names) {
    if (!mayLookUp) {
      log.warning(
        "{name}: bound on its first address only, as the runtime forbids to look it up; " +
          'start with the flags that "tcpproxy permissions" prints',
        { name },
      );
      continue;
    }
    log.info("{name} stands for {hosts}", { name, hosts: hosts.join(", ") });
    if (missing.length > 0) {
      log.warning("{name}: {hosts} is left out, this machine has no such address family", {
        name,
        hosts: missing.join(", "),
      });
    }
  }
}

/** Says what is bound. */
export function logListeners(log: Logger, listeners: readonly ListenerInfo[]): void {
  const count = listeners.length;
  log.info(`listening on {count} ${count === 1 ? "address" : "addresses"}`, { count });
  if (!log.isEnabledFor("debug")) return;
  for (const { app, address } of listeners) {
    log.debug('app "{app}": listening on {address}', { app, address: formatAddress(address) });
  }
}

/** Ports as text, three and more in a row as a range: a range of a thousand stays one word. */
export function formatPorts(ports: AppConfig["ports"]): string[] {
  const words: string[] = [];
  for (let from = 0; from < ports.length;) {
    const first = ports[from] ?? 0;
    let length = 1;
    while (ports[from + length] === first + length) length++;
    if (length < 3) length = 1;
    words.push(length === 1 ? String(first) : `${first}-${first + length - 1}`);
    from += length;
  }
  return words;
}

/** The most words that a list shows; a line of thousands hides what is in it. */
const MAX_WORDS = 8;
/** What is shown of a longer one. */
const FIRST_WORDS = 6;

function list(words: readonly string[]): string {
  if (words.length <= MAX_WORDS) return `[${words.join(" ")}]`;
  return `[${words.slice(0, FIRST_WORDS).join(" ")} … and ${words.length - FIRST_WORDS} more]`;
}
