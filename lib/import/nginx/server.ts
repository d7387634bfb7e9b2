import { readBlock } from "../blocks.ts";
import { durationOf, readTimeMs } from "../durations.ts";
import type { Names } from "../names.ts";
import type { Notes } from "../note.ts";
import { YamlMap, yamlMap, type YamlValue } from "../yaml_map.ts";
import { setSource } from "../source.ts";
import { setAccess } from "./access.ts";
import { type Directive, lastDirective } from "./directives.ts";
import { readListens } from "./listen.ts";
import type { MapDraft } from "./maps.ts";
import { remedyFor } from "./keywords.ts";
import { readTargetTls, readTls } from "./tls.ts";
import { type UpstreamDraft, upstreamOf } from "./upstream.ts";

/** What a server's translation needs beside its block. */
export interface ServerContext {
  readonly file: string;
  readonly names: Names;
  readonly notes: Notes;
  /** Directives of `stream` that apply to every server that says nothing else. */
  readonly outer: readonly Directive[];
  readonly upstreams: ReadonlyMap<string, UpstreamDraft>;
  /** By what they set. */
  readonly maps: ReadonlyMap<string, MapDraft>;
  /** Zones of `limit_conn_zone`, with what they count by. */
  readonly zones: ReadonlyMap<string, string>;
}

/** nginx's own limits. */
const IDLE_MS = 600_000;
const CONNECT_MS = 60_000;
const PREREAD_MS = 30_000;
/** Ours. */
const DEADLINE_MS = 15_000;

/** Makes an app of a `server` block. */
export function appOf({ inner: own = [], line }: Directive, context: ServerContext): YamlMap | undefined {
  const { names, notes, outer, file } = context;
  const inner = [...outer.filter(({ inner }) => inner === undefined), ...own];
  for (const each of own) {
    const remedy = remedyFor(each);
    if (remedy !== undefined) notes.leftOut(each.line, remedy);
  }
  const listens = readListens(own.filter(({ name }) => name === "listen"), notes);
  const found = destinations(lastDirective(own, "proxy_pass"), context, line);
  if (found === undefined || (listens.ports.length === 0 && listens.listen.length === 0)) {
    const isUdp = own.some(({ name, args }) => name === "listen" && args.includes("udp"));
    if (found !== undefined && !isUdp) notes.leftOut(line, "server: it listens nowhere");
    return undefined;
  }
  const tls = listens.isTls ? readTls(inner, { line, notes }) : undefined;
  // Without a certificate it would serve in plain text what was meant to be secret.
  if (listens.isTls && tls === undefined) return undefined;
  const { routes, fallback, name } = found;
  const upstreams = [...fallback === undefined ? [] : [fallback], ...routes.map(({ upstream }) => upstream)];
  const app = new YamlMap().set("name", names.take(nameOf(name, own)));
  app.comments.push(`server (${file}:${line})`);
  if (listens.ports.length > 0) app.set("ports", listens.ports);
  if (listens.listen.length > 0) app.set("listen", listens.listen);
  // Rules of a server replace those of the stream.
  const ownRules = own.filter(({ name }) => name === "allow" || name === "deny");
  setAccess(app, ownRules.length > 0 ? ownRules : inner, notes);
  setLimits(app, inner, context);
  app.set("tls", tls);
  app.set("proxy_protocol", proxyProtocolOf(inner, { acceptsProxy: listens.acceptsProxy, line, notes }));
  if (routes.length > 0) {
    if (tls === undefined) {
      const ms = readTimeMs(lastDirective(inner, "preread_timeout")?.args[0] ?? "", "s") ?? PREREAD_MS;
      app.set("client_hello_timeout", durationOf(ms));
    }
    app.set(
      "routes",
      routes.map(({ sni, alpn, upstream }) =>
        yamlMap({
          sni: sni.length > 0 ? sni : undefined,
          alpn: alpn.length > 0 ? alpn : undefined,
          targets: upstream.targets,
        })
      ),
    );
  }
  if (fallback !== undefined) app.set("targets", fallback.targets);
  setUpstreamOptions(app, upstreams, { line, notes });
  app.set("target_tls", readTargetTls(inner, notes));
  const bind = lastDirective(inner, "proxy_bind");
  if (bind !== undefined && bind.args[0] !== "off") {
    // Of a fixed address "transparent" only says that it need not be this machine's.
    const isClient = /^\$(?:realip_)?remote_addr\b/.test(bind.args[0] ?? "");
    setSource(app, { address: bind.args[0] ?? "", isClient, line: bind.line, notes });
  }
  setTimeouts(app, inner, upstreams);
  app.set("bandwidth", bandwidthOf(inner));
  return app;
}

function nameOf(name: string, own: readonly Directive[]): string {
  if (name !== "") return name;
  const port = /(\d+)$/.exec(lastDirective(own, "listen")?.args[0] ?? "")?.[1];
  return port === undefined ? "app" : `port-${port}`;
}

interface Destinations {
  readonly routes: readonly {
    readonly sni: YamlValue[];
    readonly alpn: YamlValue[];
    readonly upstream: UpstreamDraft;
  }[];
  readonly fallback: UpstreamDraft | undefined;
  readonly name: string;
}

function destinations(
  pass: Directive | undefined,
  { upstreams, maps, notes }: ServerContext,
  line: number,
): Destinations | undefined {
  const value = pass?.args[0];
  if (pass === undefined || value === undefined) {
    notes.leftOut(line, "server without proxy_pass: it passes nothing on");
    return undefined;
  }
  const named = (name: string): UpstreamDraft | undefined => upstreams.get(name) ?? upstreamOf(name);
  if (!value.includes("$")) {
    const fallback = named(value);
    if (fallback === undefined || fallback.targets.length === 0) {
      notes.leftOut(pass.line, `proxy_pass ${value}: no such address or upstream`);
      return undefined;
    }
    return { routes: [], fallback, name: fallback.name };
  }
  const map = maps.get(value.replace(/^\$\{(\w+)\}$/, "$$$1"));
  if (map === undefined) {
    notes.leftOut(
      pass.line,
      `proxy_pass ${value}: targets are not computed; write a route for each server name`,
    );
    return undefined;
  }
  const routes = map.rows.flatMap(({ sni, alpn, value }) => {
    const upstream = named(value);
    if (upstream === undefined || upstream.targets.length === 0) {
      notes.leftOut(map.line, `map … ${value}: no such address or upstream`);
      return [];
    }
    return [{ sni: [...sni], alpn: [...alpn], upstream }];
  });
  const fallback = map.otherwise === undefined ? undefined : named(map.otherwise);
  if (routes.length === 0 && fallback === undefined) return undefined;
  return {
    routes,
    fallback: fallback?.targets.length === 0 ? undefined : fallback,
    name: map.variable.slice(1),
  };
}

function setUpstreamOptions(
  app: YamlMap,
  upstreams: readonly UpstreamDraft[],
  { line, notes }: { readonly line: number; readonly notes: Notes },
): void {
  // Of a single target there is nothing to choose.
  const chosen = upstreams.find(({ targets }) => targets.length > 1) ?? upstreams[0];
  for (const { options, name, targets } of upstreams) {
    for (const { key, value } of options.entries) {
      const present = app.get(key);
      if (options === chosen?.options || present === undefined && key !== "balance" && key !== "hash_key") {
        app.set(key, value);
      } else if (
        targets.length > 1 && !yamlMap({ v: chosen?.options.get(key) }).equals(yamlMap({ v: value }))
      ) {
        notes.leftOut(
          line,
          `upstream ${name}: ${key} differs from that of ${chosen?.name}, which applies to all routes of an app`,
        );
      }
    }
  }
}

function setTimeouts(app: YamlMap, inner: readonly Directive[], upstreams: readonly UpstreamDraft[]): void {
  const ms = (name: string): number | undefined => readTimeMs(lastDirective(inner, name)?.args[0] ?? "", "s");
  const connectMs = ms("proxy_connect_timeout") ?? CONNECT_MS;
  app.set("connect_timeout", durationOf(connectMs));
  const dials = Math.max(1, ...upstreams.map(({ targets }) => targets.length));
  const limitMs = ms("proxy_next_upstream_timeout");
  const deadlineMs = limitMs !== undefined && limitMs > 0 ? Math.max(limitMs, connectMs) : connectMs * dials;
  if (deadlineMs !== DEADLINE_MS) app.set("connect_deadline", durationOf(deadlineMs));
  app.set("idle_timeout", durationOf(ms("proxy_timeout") ?? IDLE_MS));
}

function setLimits(app: YamlMap, inner: readonly Directive[], { zones, notes }: ServerContext): void {
  for (const { args: [zone = "", number = ""], line } of inner.filter(({ name }) => name === "limit_conn")) {
    const key = zones.get(zone) ?? "";
    const limit = /^\d{1,9}$/.test(number) ? Math.max(1, Number(number)) : undefined;
    if (/^\$(?:binary_)?remote_addr$/.test(key) || key === "$proxy_protocol_addr") {
      app.set("max_connections_per_client", limit);
    } else if (key === "$server_port" || key === "$server_addr") app.set("max_connections", limit);
    else {notes.leftOut(
        line,
        `limit_conn ${zone}: connections are counted by client address, or of the app as a whole`,
      );}
  }
}

function proxyProtocolOf(
  inner: readonly Directive[],
  { acceptsProxy, line, notes }: {
    readonly acceptsProxy: boolean;
    readonly line: number;
    readonly notes: Notes;
  },
): YamlMap | undefined {
  const sends = lastDirective(inner, "proxy_protocol")?.args[0] === "on";
  const draft = new YamlMap();
  if (acceptsProxy) {
    const trusted = inner.filter(({ name }) => name === "set_real_ip_from")
      .flatMap(({ args: [text = ""] }) => readBlock(text) ?? []);
    draft.set("accept", "required").set("from", trusted.length > 0 ? trusted : ["0.0.0.0/0", "::/0"]);
    if (trusted.length === 0) {
      notes.changed(
        line,
        'listen … proxy_protocol: headers of everyone are believed, as there; name the senders in "proxy_protocol.from"',
      );
    }
    const time = readTimeMs(lastDirective(inner, "proxy_protocol_timeout")?.args[0] ?? "", "s");
    if (time !== undefined && time > 0) draft.set("timeout", durationOf(time));
  }
  if (sends) draft.set("send", "v1");
  return draft.size === 0 ? undefined : draft;
}

function bandwidthOf(inner: readonly Directive[]): YamlMap | undefined {
  const rate = (name: string): string | undefined => {
    const match = /^(\d{1,9})([kKmMgG]?)$/.exec(lastDirective(inner, name)?.args[0] ?? "");
    if (match === null || Number(match[1]) === 0) return undefined;
    return `${match[1]}${{ "": "B", k: "KiB", m: "MiB", g: "GiB" }[match[2]?.toLowerCase() ?? ""] ?? "B"}/s`;
  };
  const draft = yamlMap({ upload: rate("proxy_upload_rate"), download: rate("proxy_download_rate") });
  return draft.size === 0 ? undefined : draft;
}
