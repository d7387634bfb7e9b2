import type { Child } from "../system/child.ts";
import type { Lab } from "../system/lab.ts";
import { CERTIFICATE_NAME } from "../certificate.ts";
import type { Forward, Peer, Plan } from "../peer.ts";
import { maxOpenFiles } from "../system/proc.ts";
import { findProgram, notInstalled, programPath, versionLine } from "../system/programs.ts";

/** HAProxy refuses to start where it cannot have all descriptors that it might want; these are for itself. */
const OWN_DESCRIPTORS = 500;

/** Two sockets a connection. */
const DESCRIPTORS_PER_CONNECTION = 2;

/** With splicing, a pipe of two ends for every fourth connection on top (`maxpipes` in its manual). */
const DESCRIPTORS_PER_SPLICED = 2.5;

/** How the HAProxy peers differ. */
export interface HaproxyOptions {
  /** Whether splice(2) may be used where the kernel can; default not. */
  readonly splice?: boolean;
  /** Whether it logs each connection, sends a PROXY header, checks targets and limits clients; default not. */
  readonly full?: boolean;
}

/** More than any measure opens. */
const MAX_CONNECTIONS = 20_000;

/** HAProxy in TCP mode; the base of all ratios. */
export const haproxy: Peer = haproxyPeer("haproxy", "HAProxy", {});

/** The same with the kernel's splice(2), by which the bytes never enter the process. */
export const haproxySplice: Peer = haproxyPeer("haproxy-splice", "HAProxy, splice", { splice: true });

/** The same with what `tcpproxyFull` has. */
export const haproxyFull: Peer = {
  ...haproxyPeer("haproxy-full", "HAProxy, log, PROXY header, checks, limits", { full: true }),
  only: ["requests", "connections"],
  sendsProxy: true,
};

/** Limits of each client that the load stays below. */
const CLIENT_LIMITS = [
  "  stick-table type ip size 100k expire 1m store conn_cur,conn_rate(1s)",
  "  tcp-request connection track-sc0 src",
  "  tcp-request connection reject if { sc0_conn_cur gt 50000 }",
  "  tcp-request connection reject if { sc0_conn_rate gt 1000000 }",
];

function haproxyPeer(id: string, title: string, options: HaproxyOptions): Peer {
  return {
    id,
    title,
    inCurves: id === "haproxy",
    missing: () => findProgram("haproxy") === undefined ? notInstalled("haproxy") : undefined,
    version: () => versionLine("haproxy", "-v"),
    start: (lab, plan) => start(lab, plan, options),
  };
}

async function start(lab: Lab, plan: Plan, options: HaproxyOptions): Promise<Child[]> {
  const config = await lab.write(`${lab.uniqueName("haproxy")}.cfg`, haproxyConfig(plan, options));
  return [lab.start(programPath("haproxy"), { args: ["-db", "-f", config] })];
}

/** The config of a plan. */
export function haproxyConfig(plan: Plan, { splice = false, full = false }: HaproxyOptions): string {
  const ports = plan.forwards.reduce((sum, each) => sum + each.listen.length, 0);
  const each = splice ? DESCRIPTORS_PER_SPLICED : DESCRIPTORS_PER_CONNECTION;
  const connections = Math.min(
    MAX_CONNECTIONS,
    Math.floor((maxOpenFiles() - OWN_DESCRIPTORS - ports) / each),
  );
  const listeners = plan.forwards.map((forward, index) => {
    const { bind, server, rules } = forwardOptions(forward);
    return [
      `listen app${index}`,
      ...forward.listen.map((port) => `  bind 127.0.0.1:${port}${bind}`),
      ...full ? CLIENT_LIMITS : [],
      ...rules,
      ...forward.targets.map((target, number) =>
        `  server target${number} ${target}${full ? " check inter 1s" : ""}${server}`
      ),
    ].join("\n");
  });
  return `global
  nbthread ${plan.threads}
  maxconn ${connections}
${full ? "  log stdout format raw local0\n" : ""}defaults
  mode tcp
  maxconn ${connections}
  timeout connect 5s
  timeout client 1h
  timeout server 1h
${splice ? "  option splice-request\n  option splice-response\n" : ""}${
    full ? "  log global\n  option tcplog\n" : ""
  }${listeners.join("\n")}
`;
}

interface Lines {
  /** What is added to each `bind` and each `server`. */
  readonly bind: string;
  readonly server: string;
  readonly rules: readonly string[];
}

function forwardOptions({ option, certificate }: Forward): Lines {
  const none: Lines = { bind: "", server: "", rules: [] };
  switch (option) {
    case undefined:
      return none;
    case "proxy_v1":
      return { ...none, server: " send-proxy" };
    case "proxy_v2":
      return { ...none, server: " send-proxy-v2" };
    case "client_hello":
      return {
        ...none,
        rules: [
          "  tcp-request inspect-delay 5s",
          `  tcp-request content accept if { req.ssl_sni -i ${CERTIFICATE_NAME} }`,
        ],
      };
    case "tls":
      return { ...none, bind: ` ssl crt ${certificate?.both}` };
    case "target_tls":
      return {
        ...none,
        server: ` ssl verify required ca-file ${certificate?.cert} sni str(${CERTIFICATE_NAME}) ` +
          `verifyhost ${CERTIFICATE_NAME}`,
      };
  }
}
