import { formatAddress } from "../base/mod.ts";
import type { AppConfig, Config, RouteConfig, TargetConfig } from "../config/mod.ts";
import type { Logger } from "../log/mod.ts";
import type { ListenerInfo } from "../proxy/mod.ts";

/** Says what is about to run, in the words of the program that this one follows: one line an app. */
export function logConfig(log: Logger, config: Config): void {
  log.info("Starting a proxy with the following config:");
  for (const app of config.apps) {
    const own = app.listen.slice(app.ports.length).map(formatAddress);
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
  return `${rules.length === 0 ? "*" : rules.join("|")} -> ${labels(targets).join("|")}`;
}

function labels(targets: readonly TargetConfig[]): string[] {
  return targets.map((target) => target.label);
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

function list(words: readonly string[]): string {
  return `[${words.join(" ")}]`;
}
