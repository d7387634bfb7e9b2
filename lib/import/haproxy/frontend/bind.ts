import type { Notes } from "../../note.ts";
import { YamlMap, yamlMap, type YamlValue } from "../../yaml_map.ts";
import type { ConfigLine } from "../lines.ts";
import { joinPath, type Paths, tlsVersion } from "../tls_words.ts";

/** What the `bind` lines of a frontend come to: addresses that share everything that an app says of its listeners. */
export interface BindGroup {
  readonly ports: (number | string)[];
  readonly listen: string[];
  readonly tls: YamlMap | undefined;
  readonly acceptsProxy: boolean;
  readonly maxConnections: number | undefined;
  /** The line of its first address. */
  readonly line: number;
}

/** Options of `bind` that change nothing here, with how many values each has. */
const HARMLESS: Readonly<Record<string, number>> = {
  name: 1,
  id: 1,
  process: 1,
  thread: 1,
  shards: 1,
  nice: 1,
  v4v6: 0,
  v6only: 0,
  backlog: 1,
  ["strict-sni"]: 0,
  ["ssl-skip-self-issued-ca"]: 0,
  ["no-tls-tickets"]: 0,
  ["no-sslv3"]: 0,
  ["no-tlsv10"]: 0,
  ["no-tlsv11"]: 0,
  ["generate-certificates"]: 0,
  ["prefer-client-ciphers"]: 0,
};

/** Options of `bind` that the translation leaves out, with how many values each has and what to do. */
const LEFT_OUT: Readonly<Record<string, readonly [values: number, remedy: string]>> = {
  ciphers: [1, "the runtime's cipher suites are used"],
  ciphersuites: [1, "the runtime's cipher suites are used"],
  curves: [1, "the runtime's curves are used"],
  ecdhe: [1, "the runtime's curves are used"],
  sigalgs: [1, "the runtime's signature algorithms are used"],
  ["client-sigalgs"]: [1, "the runtime's signature algorithms are used"],
  ["crt-list"]: [1, 'name each certificate in "tls.certificates"'],
  ["ca-sign-file"]: [1, "certificates are not made on the way"],
  ["ca-sign-pass"]: [1, "certificates are not made on the way"],
  ["ca-verify-file"]: [1, 'put the authorities into the file of "tls.client_ca"'],
  ["crt-ignore-err"]: [1, "a certificate that is not valid is refused"],
  ["ca-ignore-err"]: [1, "a certificate that is not valid is refused"],
  ["ocsp-update"]: [1, "OCSP stapling has no equivalent"],
  ["allow-0rtt"]: [0, "early data of TLS 1.3 has no equivalent"],
  npn: [1, 'use "alpn"'],
  ["tls-ticket-keys"]: [1, "session tickets are the runtime's own"],
  transparent: [
    0,
    "binding to foreign addresses needs a kernel rule; listen on every interface in its place",
  ],
  interface: [1, 'set "interface: { listen: … }"; it needs "engine: native"'],
  mss: [1, "set it on the route (ip route … advmss)"],
  tfo: [0, 'set "fast_open: { listen: true }"; it needs "engine: native"'],
  ["tcp-ut"]: [1, 'set "user_timeout"; it needs "engine: native"'],
  ["defer-accept"]: [0, 'set "defer_accept"; it needs "engine: native"'],
  namespace: [1, "run the proxy in that network namespace"],
  user: [1, "the socket has the proxy's own user; run it as that user"],
  group: [1, "the socket has the proxy's own group; run it with that group"],
  uid: [1, "the socket has the proxy's own user; run it as that user"],
  gid: [1, "the socket has the proxy's own group; run it with that group"],
  mode: [1, "the socket has the mode of the proxy's umask"],
  ["accept-netscaler-cip"]: [1, "only PROXY headers are read"],
  proto: [1, "in TCP mode there is no HTTP"],
  level: [1, "it belongs to the stats socket"],
  ["severity-output"]: [1, "it belongs to the stats socket"],
  ["expose-fd"]: [1, "it belongs to the stats socket"],
};

/** Reads the `bind` lines, and groups their addresses. */
export function readBinds(lines: readonly ConfigLine[], paths: Paths, notes: Notes): BindGroup[] {
  const groups = new Map<string, BindGroup>();
  for (const each of lines) {
    const { isTls, tls, acceptsProxy, maxConnections } = readOptions(each, paths, notes);
    // Without a certificate it would serve in plain text what was meant to be secret.
    if (isTls && tls === undefined) continue;
    const key = JSON.stringify([tls?.entries.map(({ key, value }) => [key, String(value)]), acceptsProxy]);
    const group = groups.get(key) ??
      { ports: [], listen: [], tls, acceptsProxy, maxConnections, line: each.line };
    groups.set(key, group);
    for (const address of (each.words[1] ?? "").split(",")) {
      addAddress(group, address, { line: each.line, notes });
    }
  }
  return [...groups.values()];
}

function addAddress(
  group: BindGroup,
  address: string,
  { line, notes }: { readonly line: number; readonly notes: Notes },
): void {
  const found = readAddress(address);
  if (found === undefined) {
    notes.leftOut(line, `listen on "${address}": no such address here; add one to "ports" or "listen"`);
  } else if (found.host === undefined) {
    if (!group.listen.includes(found.text)) group.listen.push(found.text);
  } else if (["", "*", "::"].includes(found.host)) {
    const port = /^\d+$/.test(found.port) ? Number(found.port) : found.port;
    if (!group.ports.includes(port)) group.ports.push(port);
  } else if (!group.listen.includes(found.text)) group.listen.push(found.text);
}

/** An address of `bind`: without a host it is the path of a unix socket. */
function readAddress(text: string): { text: string; host?: string; port: string } | undefined {
  const unix = /^(?:unix@|uxst@)?(\/.+)$/.exec(text);
  if (unix !== null) return { text: `unix:${unix[1]}`, port: "" };
  if (/^(?:abns|abnsz|fd|sockpair|udp\d?|quic\d?|rhttp|ipv\d-udp|dgram|stream\+\w+|mptcp)@/.test(text)) {
    return undefined;
  }
  const bare = text.replace(/^(?:ipv4|ipv6|tcp|tcp4|tcp6)@/, "");
  const match = /^(.*):(\d{1,5}(?:-\d{1,5})?|\$\{[^}]+\})$/.exec(bare);
  if (match === null) return undefined;
  const [, host = "", port = ""] = match;
  const name = host.replace(/^\[(.*)\]$/, "$1");
  if (!/^[\w.:*${}-]*$/.test(name)) return undefined;
  const isIpv6 = name.includes(":") && !name.includes("$");
  return { text: isIpv6 ? `[${name}]:${port}` : `${name}:${port}`, host: name, port };
}

interface BindOptions {
  readonly isTls: boolean;
  readonly tls: YamlMap | undefined;
  readonly acceptsProxy: boolean;
  readonly maxConnections: number | undefined;
}

function readOptions({ line, words }: ConfigLine, paths: Paths, notes: Notes): BindOptions {
  const certificates: YamlMap[] = [];
  const tls = new YamlMap();
  let isTls = false;
  let acceptsProxy = false;
  let maxConnections: number | undefined;
  let auth: string | undefined;
  for (let at = 2; at < words.length; at++) {
    const word = words[at] ?? "";
    const value = words[at + 1] ?? "";
    const leftOut = LEFT_OUT[word];
    if (word in HARMLESS) at += HARMLESS[word] ?? 0;
    else if (word === "ssl") isTls = true;
    else if (word === "accept-proxy") acceptsProxy = true;
    else if (word === "maxconn") maxConnections = Number(words[++at]) || undefined;
    else if (word === "crt") {
      at++;
      const path = joinPath(paths.certificates, value);
      if (/\.[A-Za-z0-9]+$/.test(path)) certificates.push(yamlMap({ cert: path, key: path }));
      else notes.leftOut(line, `crt ${value} may be a folder: name each certificate in "tls.certificates"`);
    } else if (word === "ca-file") tls.set("client_ca", joinPath(paths.authorities, words[++at] ?? ""));
    else if (word === "crl-file") tls.set("client_crl", joinPath(paths.authorities, words[++at] ?? ""));
    else if (word === "verify") auth = words[++at];
    else if (word === "alpn") tls.set("alpn", (words[++at] ?? "").split(",").filter((each) => each !== ""));
    else if (word === "ssl-min-ver") tls.set("min_version", tlsVersion(words[++at] ?? "", { line, notes }));
    else if (word === "ssl-max-ver") tls.set("max_version", tlsVersion(words[++at] ?? "", { line, notes }));
    else if (word === "force-tlsv12") tls.set("max_version", 1.2);
    else if (word === "force-tlsv13") tls.set("min_version", 1.3);
    else if (leftOut !== undefined) {
      notes.leftOut(line, `bind … ${word}: ${leftOut[1]}`);
      at += leftOut[0];
    } else notes.leftOut(line, `bind … ${word}: not known here; see whether the listener needs it`);
  }
  const whole = isTls ? tlsOf(tls, certificates, { auth, line, notes }) : undefined;
  return { isTls, tls: whole, acceptsProxy, maxConnections };
}

function tlsOf(
  options: YamlMap,
  certificates: readonly YamlMap[],
  { auth, line, notes }: { readonly auth: string | undefined; readonly line: number; readonly notes: Notes },
): YamlMap | undefined {
  if (certificates.length === 0) {
    notes.leftOut(line, 'bind … ssl without a certificate in a file: add the app with "tls.certificates"');
    return undefined;
  }
  const tls = new YamlMap().set("certificates", certificates);
  const isVerified = auth === "required" || auth === "optional";
  for (const { key, value } of options.entries) {
    // Without "verify" HAProxy asks clients for nothing.
    if (isVerified || !key.startsWith("client_")) tls.set(key, value as YamlValue);
  }
  if (auth === "optional") tls.set("client_auth", "optional");
  return tls;
}
