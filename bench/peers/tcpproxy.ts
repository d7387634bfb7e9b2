import type { Child } from "../system/child.ts";
import type { Lab } from "../system/lab.ts";
import { CERTIFICATE_NAME } from "../certificate.ts";
import type { Forward, Peer, Plan } from "../peer.ts";
import { readIfThere } from "../system/proc.ts";
import { V8_FLAGS } from "../../tools/v8_flags.ts";

const MAIN = decodeURIComponent(new URL("../../main.ts", import.meta.url).pathname);

/** A limit that no stream reaches: what is measured is what it costs to have one. */
const UNREACHED = "1024GiB/s";

/** A size that no chunk reaches. */
const UNCUT = "1GiB";

/** The measures that say what an app's option costs for each connection and each byte. */
const COSTS: readonly string[] = ["bulk1", "bulk8", "requests", "connections", "memory"];

/** How one variant differs from the plain proxy. */
interface Variant {
  readonly id: string;
  readonly title: string;
  readonly only?: readonly string[];
  readonly accessLog?: boolean;
  /** Default `native`. */
  readonly engine?: "native" | "runtime";
  readonly sendsProxy?: boolean;
  readonly appOptions?: Readonly<Record<string, unknown>>;
}

/** This proxy as it is shipped, with the access log off as it is with the peers. */
export const tcpproxy: Peer = tcpproxyPeer({ id: "tcpproxy", title: "tcpproxy" });

/** The same on the runtime's sockets, as it runs elsewhere than on Linux. */
export const tcpproxyRuntime: Peer = tcpproxyPeer({
  id: "tcpproxy-runtime",
  title: "tcpproxy, runtime's sockets",
  engine: "runtime",
});

/** What an operator turns on: the access log, a PROXY header, health checks and limits. */
export const tcpproxyFull: Peer = tcpproxyPeer({
  id: "tcpproxy-full",
  title: "tcpproxy, log, PROXY header, checks, limits",
  only: ["requests", "connections"],
  accessLog: true,
  sendsProxy: true,
  appOptions: {
    "health_check": { interval: "1s", timeout: "500ms" },
    "max_connections": 100_000,
    "max_connections_per_client": 50_000,
    "accept_rate_per_client": "1000000/s",
  },
});

/** What the access log costs: a line a session, to /dev/null. */
export const tcpproxyLog: Peer = tcpproxyPeer({
  id: "tcpproxy-log",
  title: "tcpproxy, access log",
  only: ["requests", "connections", "connections1"],
  accessLog: true,
});

/** What a bandwidth limit costs, beside what it is there for. */
export const tcpproxyLimited: Peer = tcpproxyPeer({
  id: "tcpproxy-limited",
  title: "tcpproxy, bandwidth limit",
  only: COSTS,
  appOptions: { bandwidth: { upload: UNREACHED, download: UNREACHED } },
});

/** The stream pipeline of the runtime's sockets, which carries connections that are given a fault; here one that does nothing. */
export const tcpproxyPipeline: Peer = tcpproxyPeer({
  id: "tcpproxy-pipeline",
  title: "tcpproxy, stream pipeline",
  only: COSTS,
  engine: "runtime",
  appOptions: { faults: [{ kind: "slice", size: UNCUT }] },
});

function tcpproxyPeer(variant: Variant): Peer {
  return {
    id: variant.id,
    title: variant.title,
    ...(variant.only === undefined ? {} : { only: variant.only }),
    ...(variant.sendsProxy === undefined ? {} : { sendsProxy: variant.sendsProxy }),
    inCurves: variant.only === undefined,
    missing,
    version,
    start: (lab, plan) => start(lab, plan, variant),
  };
}

function binary(): string | undefined {
  return Deno.env.get("TCPPROXY_BIN") || undefined;
}

function missing(): string | undefined {
  const file = binary() ?? MAIN;
  return readable(file) ? undefined : `not installed ("${file}" is not there)`;
}

function version(): Promise<string> {
  const config = readIfThere(decodeURIComponent(new URL("../../deno.json", import.meta.url).pathname)) ?? "";
  const own = `tcpproxy ${/"version": *"([^"]+)"/.exec(config)?.[1] ?? ""}`;
  return Promise.resolve(
    binary() === undefined ? `${own}, Deno ${Deno.version.deno}` : `${own}, compiled binary`,
  );
}

async function start(lab: Lab, plan: Plan, variant: Variant): Promise<Child[]> {
  const text = JSON.stringify(tcpproxyConfig(plan, variant), undefined, 2);
  // JSON is YAML.
  const config = await lab.write(`${lab.uniqueName("tcpproxy")}.yaml`, text);
  const file = binary();
  const ffi = variant.engine === "runtime" ? [] : ["--allow-ffi"];
  const child = file === undefined
    ? lab.start(Deno.execPath(), {
      args: ["run", `--v8-flags=${V8_FLAGS}`, "--allow-net", "--allow-read", ...ffi, MAIN, "-c", config],
    })
    : lab.start(file, { args: ["-c", config] });
  return [child];
}

/** The config of a plan. */
export function tcpproxyConfig(
  plan: Plan,
  variant: Pick<Variant, "accessLog" | "appOptions" | "engine"> = {},
): Record<string, unknown> {
  return {
    // One thread is the default, and is left to be the default.
    ...(plan.threads === 1 ? {} : { workers: plan.threads }),
    engine: variant.engine ?? "native",
    log: { access: variant.accessLog ?? false },
    apps: plan.forwards.map((forward, index) => ({
      name: `app${index}`,
      host: "127.0.0.1",
      ports: forward.listen,
      targets: forward.targets,
      ...variant.appOptions,
      ...forwardOptions(forward),
    })),
  };
}

function forwardOptions({ option, certificate, targets }: Forward): Record<string, unknown> {
  switch (option) {
    case undefined:
      return {};
    case "proxy_v1":
      return { "proxy_protocol": { send: "v1" } };
    case "proxy_v2":
      return { "proxy_protocol": { send: "v2" } };
    case "client_hello":
      return { routes: [{ sni: [CERTIFICATE_NAME], targets }] };
    case "tls":
      return { tls: { certificates: [{ cert: certificate?.cert, key: certificate?.key }] } };
    case "target_tls":
      return { "target_tls": { ca: certificate?.cert, "server_name": CERTIFICATE_NAME } };
  }
}

function readable(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Not there, or not to be reached: the row says which file.
    return false;
  }
}
