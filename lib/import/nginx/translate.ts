import { assemble } from "../assemble.ts";
import { Names } from "../names.ts";
import { Notes } from "../note.ts";
import type { Translation } from "../translation.ts";
import { YamlMap } from "../yaml_map.ts";
import { type Directive, lastDirective, readDirectives } from "./directives.ts";
import { remedyFor } from "./keywords.ts";
import { type MapDraft, readMap } from "./maps.ts";
import { appOf, type ServerContext } from "./server.ts";
import { readUpstream } from "./upstream.ts";

/** What of the main context has nothing to do here. */
const MAIN_NOTHING =
  /^(?:events|pid|worker_\w+|load_module|pcre_jit|timer_resolution|daemon|master_process|lock_file|thread_pool|ssl_engine|env|error_log|stream|debug_points)$/;

/** Translates the `stream` block of an nginx config. Reads any text; `file` is its name, for comments. */
export function translateNginx(text: string, file: string): Translation {
  const notes = new Notes();
  const { directives, problems } = readDirectives(text);
  for (const { line, text } of problems) notes.leftOut(line, `syntax: ${text}`);
  const streams = directives.filter(({ name, inner }) => name === "stream" && inner !== undefined);
  const isFragment = streams.length === 0 &&
    directives.some(({ name, inner }) => (name === "server" || name === "upstream") && inner !== undefined);
  const top = new YamlMap();
  if (!isFragment) readMain(directives, top, notes);
  // A file that is included in a stream block has no such block itself.
  const stream = isFragment ? directives : streams.flatMap(({ inner }) => inner ?? []);
  setLog(top, stream);
  const context = contextOf(stream, { file, notes });
  const servers = stream.filter(({ name, inner }) => name === "server" && inner !== undefined);
  for (const each of stream) {
    const remedy = remedyFor(each);
    if (remedy !== undefined) notes.leftOut(each.line, remedy);
  }
  const apps = servers.flatMap((server) => appOf(server, context) ?? []);
  noteUnused(stream, notes);
  return assemble({ program: "nginx", file, top, apps, notes });
}

function contextOf(
  stream: readonly Directive[],
  { file, notes }: { readonly file: string; readonly notes: Notes },
): ServerContext {
  const blocks = (name: string): Directive[] =>
    stream.filter((each) => each.name === name && each.inner !== undefined);
  const maps = blocks("map").map((each) => readMap(each, notes)).filter((map): map is MapDraft =>
    map !== undefined
  );
  const zones = stream.filter(({ name }) => name === "limit_conn_zone").map((
    { args: [key = "", zone = ""] },
  ) => [/^zone=([^:]+)/.exec(zone)?.[1] ?? zone, key] as const);
  return {
    file,
    names: new Names(),
    notes,
    outer: stream,
    upstreams: new Map(
      blocks("upstream").map((each) => [each.args[0] ?? "", readUpstream(each, { outer: stream, notes })]),
    ),
    maps: new Map(maps.map((map) => [map.variable, map])),
    zones: new Map(zones),
  };
}

function readMain(directives: readonly Directive[], top: YamlMap, notes: Notes): void {
  for (const { name, args: [value = ""], line } of directives) {
    if (name === "worker_processes") {
      const count = /^\d{1,3}$/.test(value) ? Math.max(1, Math.min(64, Number(value))) : "auto";
      if (count !== 1) top.set("workers", count);
    } else if (name === "http" || name === "mail") {
      notes.leftOut(
        line,
        `${name}: this proxy passes on TCP; keep nginx for that, or another proxy behind this one`,
      );
    } else if (name === "user") {
      notes.changed(line, "user: the service manager does that; deploy/systemd/ has a unit");
    } else if (name === "worker_shutdown_timeout") {
      notes.changed(line, 'worker_shutdown_timeout: set "shutdown.drain_timeout"');
    } else if (!MAIN_NOTHING.test(name) && !(name === "include" && value.includes("modules-enabled/"))) {
      notes.leftOut(
        line,
        remedyFor({ name, args: [value], line, inner: undefined }) ?? `${name}: it belongs into "stream"`,
      );
    }
  }
}

/** The first access log of the stream is that of all apps. */
function setLog(top: YamlMap, stream: readonly Directive[]): void {
  const path = lastDirective(stream, "access_log")?.args[0];
  if (path === undefined) return;
  if (path === "off") top.set("log", new YamlMap().set("access", false));
  else if (path.startsWith("syslog:")) {
    const server = /server=([^,\s]+)/.exec(path)?.[1] ?? "";
    const access = server.startsWith("unix:")
      ? new YamlMap().set("syslog", server)
      : new YamlMap().set("syslog", `udp://${/:\d+$/.test(server) ? server : `${server}:514`}`);
    top.set("log", new YamlMap().set("access", access));
  } else if (path === "/dev/stdout") top.set("log", new YamlMap().set("access", true));
  else if (!path.includes("$")) top.set("log", new YamlMap().set("access", path));
}

function noteUnused(stream: readonly Directive[], notes: Notes): void {
  const used = new Set(stream.flatMap(({ name, inner = [] }) => {
    if (name === "server") {
      return inner.filter((each) => each.name === "proxy_pass").map(({ args }) => args[0]);
    }
    return name === "map" ? inner.map(({ args }) => args[0]) : [];
  }));
  for (const { name, args: [upstream = ""], line } of stream) {
    if (name === "upstream" && !used.has(upstream)) {
      notes.leftOut(
        line,
        `upstream ${upstream}: no server names it; add an app that listens, if it is needed`,
      );
    }
  }
}
