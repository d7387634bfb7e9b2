import type { Names } from "../../names.ts";
import type { Notes } from "../../note.ts";
import { YamlMap, yamlMap, type YamlValue } from "../../yaml_map.ts";
import { type Access, proxyProtocolOf, readAccess, setAccess } from "./access.ts";
import { targetOptions } from "../backend/app_options.ts";
import { type BackendDraft, targetsOf, withoutDefaults } from "../backend/backend.ts";
import { type BindGroup, readBinds } from "./bind.ts";
import { readAcls } from "./conditions.ts";
import type { ConfigLine } from "../lines.ts";
import { readRoutes, type RouteDraft } from "./routes.ts";
import { effectiveLines, lastLine, modeOf, type Section } from "../sections.ts";
import { setTimeouts } from "../timeouts.ts";
import type { Paths } from "../tls_words.ts";

/** What a frontend's translation needs beside its section. */
export interface FrontendContext {
  /** The name of the file, for comments. */
  readonly file: string;
  readonly names: Names;
  readonly notes: Notes;
  readonly paths: Paths;
  readonly resolvers: readonly Section[];
  /** Reads a backend by its name; `undefined` where there is none. */
  backend(name: string): BackendDraft | undefined;
}

/** Makes apps of a `frontend` or a `listen`: one for each way in which its listeners differ. */
export function appsOf(section: Section, own: BackendDraft | undefined, context: FrontendContext): YamlMap[] {
  const { notes, paths } = context;
  const lines = effectiveLines(section);
  const binds = readBinds(section.lines.filter(({ words: [keyword] }) => keyword === "bind"), paths, notes);
  if (binds.length === 0) {
    if (section.lines.some(({ words: [keyword] }) => keyword === "bind")) return [];
    notes.leftOut(
      section.line,
      `${section.kind} ${section.name}: it listens nowhere; add "ports" to an app of your own`,
    );
    return [];
  }
  const acls = readAcls(lines);
  const access = readAccess(section.lines, { acls, notes });
  const { routes, fallback } = destinations(readRoutes(section.lines, { acls, notes }), {
    section,
    lines,
    own,
    context,
  });
  const backends = [...fallback === undefined ? [] : [fallback], ...routes.map(({ backend }) => backend)];
  if (backends.every(({ servers }) => servers.length === 0)) {
    notes.leftOut(section.line, `${section.kind} ${section.name}: it has no server that could be translated`);
    return [];
  }
  return binds.map((bind) => appOf(bind, { section, lines, access, routes, fallback, backends, context }));
}

/** A route with the backend that it leads to. */
interface Destination {
  readonly route: RouteDraft;
  readonly backend: BackendDraft;
}

function destinations(
  drafts: readonly RouteDraft[],
  { section, lines, own, context }: {
    readonly section: Section;
    readonly lines: readonly ConfigLine[];
    readonly own: BackendDraft | undefined;
    readonly context: FrontendContext;
  },
): { routes: Destination[]; fallback: BackendDraft | undefined } {
  const routes: Destination[] = [];
  for (const route of drafts) {
    const backend = usable(route.backend, route.line, context);
    if (backend === undefined) continue;
    // One that takes everything ends the list.
    if (route.sni.length === 0 && route.alpn.length === 0) return { routes, fallback: backend };
    routes.push({ route, backend });
  }
  if (own !== undefined && own.servers.length > 0) return { routes, fallback: own };
  const line = lastLine(lines, "default_backend");
  const name = line?.words[1];
  if (line === undefined || name === undefined) return { routes, fallback: undefined };
  return { routes, fallback: usable(name, line.line ?? section.line, context) };
}

function usable(name: string, line: number, { backend, notes }: FrontendContext): BackendDraft | undefined {
  const found = backend(name);
  if (found === undefined) {
    notes.leftOut(line, `backend ${name}: there is no such section`);
    return undefined;
  }
  if (modeOf(found.section) !== "tcp") {
    notes.changed(
      found.section.line,
      `backend ${name}: its mode is ${modeOf(found.section)}, connections are passed on as TCP`,
    );
  }
  return found.servers.length === 0 ? undefined : found;
}

interface AppParts {
  readonly section: Section;
  readonly lines: readonly ConfigLine[];
  readonly access: Access;
  readonly routes: readonly Destination[];
  readonly fallback: BackendDraft | undefined;
  readonly backends: readonly BackendDraft[];
  readonly context: FrontendContext;
}

function appOf(
  bind: BindGroup,
  { section, lines, access, routes, fallback, backends, context }: AppParts,
): YamlMap {
  const { names, notes, resolvers, file } = context;
  const { check, send, options } = targetOptions(backends, { resolvers, notes });
  const app = new YamlMap().set("name", names.take(section.name === "" ? "app" : section.name));
  app.comments.push(describe(section, { file, fallback, routes }));
  if (bind.ports.length > 0) app.set("ports", bind.ports);
  if (bind.listen.length > 0) app.set("listen", bind.listen);
  setLimits(app, bind, lines);
  setAccess(app, access);
  app.set("tls", bind.tls);
  const tlvs = backends[0]?.servers.flatMap((server) => server.tlvs) ?? [];
  app.set("proxy_protocol", proxyProtocolOf({ acceptsProxy: bind.acceptsProxy, access, send, tlvs }));
  if (bind.acceptsProxy) {
    notes.changed(
      bind.line,
      'accept-proxy: headers of everyone are believed, as there; name the senders in "proxy_protocol.from"',
    );
  }
  if (routes.length > 0 && bind.tls === undefined) app.set("client_hello_timeout", access.inspectDelay);
  const target = { check, send };
  if (routes.length > 0) {
    app.set("routes", routes.map(({ route, backend }) => routeOf(route, targetsOf(backend, target))));
  }
  if (fallback !== undefined) app.set("targets", targetsOf(fallback, target));
  for (const { key, value } of options.entries) app.set(key, value);
  app.set("health_check", check === undefined ? undefined : withoutDefaults(check));
  setTimeouts(app, [...backends[0]?.lines ?? [], ...lines]);
  return app;
}

function routeOf({ sni, alpn }: RouteDraft, targets: YamlValue[]): YamlMap {
  return yamlMap({
    sni: sni.length > 0 ? [...sni] : undefined,
    alpn: alpn.length > 0 ? [...alpn] : undefined,
    targets,
  });
}

function describe(
  { kind, name, line }: Section,
  { file, fallback, routes }: {
    readonly file: string;
    readonly fallback: BackendDraft | undefined;
    readonly routes: readonly Destination[];
  },
): string {
  const backends = [...fallback === undefined ? [] : [fallback], ...routes.map(({ backend }) => backend)]
    .map(({ section }) => section).filter((section) => section.kind === "backend").map(({ name }) => name);
  const behind = [...new Set(backends)].join(", ");
  return `${kind} ${name} (${file}:${line})${behind === "" ? "" : `, with ${behind}`}`;
}

function setLimits(app: YamlMap, bind: BindGroup, lines: readonly ConfigLine[]): void {
  const own = Number(lastLine(lines, "maxconn")?.words[1]) || undefined;
  app.set("max_connections", bind.maxConnections ?? own);
  const rate = Number(lastLine(lines, "rate-limit", "sessions")?.words[2]) || undefined;
  if (rate !== undefined) app.set("accept_rate", `${rate}/s`);
}
