import { durationOf, readTimeMs } from "../durations.ts";
import type { Notes } from "../note.ts";
import { YamlMap, yamlMap, type YamlValue } from "../yaml_map.ts";
import type { ConfigLine } from "./lines.ts";
import type { Section } from "./sections.ts";
import type { Paths } from "./tls_words.ts";

/** What the `global` sections come to. */
export interface GlobalDraft {
  readonly top: YamlMap;
  readonly paths: Paths;
  readonly maxConnections: number | undefined;
}

/** What belongs to the service manager here, and is said once. */
const PROCESS = new Set([
  "user",
  "group",
  "uid",
  "gid",
  "chroot",
  "daemon",
  "pidfile",
  "master-worker",
  "ulimit-n",
  "node",
  "description",
  "cpu-map",
  "cpu-policy",
  "nosplice",
  "quiet",
  "set-dumpable",
  "expose-experimental-directives",
  "localpeer",
  "log-tag",
  "log-send-hostname",
  "unix-bind",
  "insecure-fork-wanted",
  "spread-checks",
  "maxsock",
  "numa-cpu-mapping",
  "default-path",
  "server-state-base",
  "server-state-file",
  "setenv",
  "presetenv",
]);

/** Reads the `global` sections. */
export function readGlobal(sections: readonly Section[], notes: Notes): GlobalDraft {
  const top = new YamlMap();
  const paths = { certificates: "", authorities: "" };
  let maxConnections: number | undefined;
  for (const { line, words } of sections.flatMap(({ lines }) => lines)) {
    const [keyword = "", value = ""] = words;
    switch (keyword) {
      case "nbthread":
        top.set("workers", Math.max(1, Math.min(64, Number(value) || 1)));
        break;
      case "maxconn":
        maxConnections = Number(value) || undefined;
        break;
      case "crt-base":
        paths.certificates = value;
        break;
      case "ca-base":
        paths.authorities = value;
        break;
      case "log":
        readLog({ line, words }, top, notes);
        break;
      case "hard-stop-after": {
        const ms = readTimeMs(value, "ms");
        if (ms !== undefined) top.set("shutdown", yamlMap({ ["drain_timeout"]: durationOf(ms) }));
        break;
      }
      case "stats":
        if (value === "socket") {
          top.set("admin", new YamlMap(), "in place of the stats socket, on 127.0.0.1:9900");
        }
        break;
      default:
        readOther({ line, words }, notes);
    }
  }
  return { top, paths, maxConnections };
}

function readOther({ line, words }: ConfigLine, notes: Notes): void {
  const [keyword = ""] = words;
  if (PROCESS.has(keyword)) {
    if (["user", "group", "uid", "gid", "chroot", "daemon"].includes(keyword)) {
      notes.changed(line, `${keyword}: the service manager does that; deploy/systemd/ has a unit`);
    }
    return;
  }
  if (/^tune\.|^no-|^noepoll|^nokqueue|^nopoll|^profiling|^busy-polling|^maxpipes|^h1-|^h2-/.test(keyword)) {
    return;
  }
  if (/^ssl-(?:default|dh|security|engine|mode|provider|propquery|load|skip)/.test(keyword)) {
    if (
      /ssl-min-ver|no-tlsv1[01]|no-sslv3|no-tls-tickets/.test(words.join(" ")) && !/ciphers/.test(keyword)
    ) return;
    notes.leftOut(
      line,
      `${keyword}: the runtime's own are used; "min_version" and "max_version" of "tls" can be set`,
    );
    return;
  }
  if (keyword === "nbproc") {
    notes.changed(line, 'nbproc: set "workers" for threads that carry connections');
    return;
  }
  notes.leftOut(line, `global ${words.slice(0, 2).join(" ")}: ${REMEDIES[keyword] ?? "not known here"}`);
}

const REMEDIES: Readonly<Record<string, string>> = {
  maxconnrate: 'set "accept_rate" of the apps',
  maxsessrate: 'set "accept_rate" of the apps',
  maxsslconn: 'set "max_connections" of the apps with TLS',
  maxsslrate: 'set "accept_rate" of the apps with TLS',
  maxcomprate: "nothing is compressed",
  ["lua-load"]: "scripts have no equivalent",
  ["lua-load-per-thread"]: "scripts have no equivalent",
  ["lua-prepend-path"]: "scripts have no equivalent",
  ["external-check"]: 'write checks with "health_check"',
  peers: "clients keep their target on every replica by hash, without an exchange",
};

const FACILITY =
  /^(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|auth2|authpriv|ftp|ntp|audit|alert|cron2|clock|local[0-7])$/;

/** Makes `log.access` of the first `log` line. */
function readLog({ line, words }: ConfigLine, top: YamlMap, notes: Notes): void {
  const [, address = ""] = words;
  if (top.get("log") !== undefined) {
    notes.leftOut(line, `log ${address}: there is one access log; let a syslog server pass it on`);
    return;
  }
  const facility = words.find((word, index) => index > 1 && FACILITY.test(word));
  const access = destinationOf(address, facility);
  if (access === undefined) notes.leftOut(line, `log ${address}: set "log.access"`);
  else top.set("log", new YamlMap().set("access", access));
}

function destinationOf(address: string, facility: string | undefined): YamlValue | undefined {
  if (address === "stdout" || address === "fd@1") return true;
  if (address === "stderr" || address === "fd@2") return "/dev/stderr";
  if (address === "/dev/log") return yamlMap({ syslog: "local", facility });
  const unix = /^(?:unix@)?(\/.+)$/.exec(address)?.[1];
  if (unix !== undefined) return yamlMap({ syslog: `unix:${unix}`, facility });
  const host = /^(?:udp@|ipv4@|ipv6@|udp4@|udp6@)?([\w.-]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?$/.exec(address);
  if (host === null) return undefined;
  return yamlMap({ syslog: `udp://${host[1]}:${host[2] ?? 514}`, facility });
}
