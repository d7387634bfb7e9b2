import { CERTIFICATE_NAME, makeCertificate } from "../certificate.ts";
import type { Child } from "../system/child.ts";
import type { Lab } from "../system/lab.ts";
import { exchange } from "../load/http.ts";
import type { Measure, Metric, Sample, Subject } from "../measure.ts";
import { type CertificateFiles, type Forward, type ForwardOption, RunningPeer } from "../peer.ts";
import { programPath } from "../system/programs.ts";
import { median } from "../report/stats.ts";

/** Connections that are timed for each option, and those before them that are not. */
const CONNECTIONS = 40;
const UNCOUNTED = 10;

/** An option, and who speaks TLS beside the proxy. */
interface Case {
  readonly id: string;
  readonly title: string;
  readonly option?: ForwardOption;
  readonly clientTls?: boolean;
  readonly backend: keyof Ports;
}

const CASES: readonly Case[] = [
  { id: "plain_ms", title: "no option", backend: "plain" },
  { id: "proxy_v1_ms", title: "PROXY v1", option: "proxy_v1", backend: "proxy" },
  { id: "proxy_v2_ms", title: "PROXY v2", option: "proxy_v2", backend: "proxy" },
  { id: "hello_ms", title: "hello looked at", option: "client_hello", clientTls: true, backend: "tls" },
  { id: "tls_ms", title: "TLS ended", option: "tls", clientTls: true, backend: "plain" },
  { id: "target_tls_ms", title: "TLS to the target", option: "target_tls", backend: "tls" },
];

/**
 * From dialing the proxy to the reply to the first request, one connection after the other, with each option that has
 * something written before the client's data. A write that waits for a delayed acknowledgement shows as 40 ms.
 */
export const firstRequest: Measure = {
  id: "first_request",
  title: "First request of a connection",
  needs: ["haproxy", "openssl"],
  startsPeer: true,
  peers: ["tcpproxy", "haproxy"],
  metrics: CASES.map(({ id, title }): Metric => ({ id, title, unit: "ms", better: "lower", digits: 2 })),
  run,
};

async function run({ peer, lab, load }: Subject): Promise<Sample> {
  const certificate = await makeCertificate(lab);
  const backend = await startBackend(lab, certificate);
  try {
    const forwards = CASES.map(({ option, backend: of }): Forward => ({
      listen: [lab.freePort()],
      targets: [`127.0.0.1:${backend.ports[of]}`],
      ...(option === undefined ? {} : { option, certificate }),
    }));
    const running = new RunningPeer(await peer.start(lab, { forwards, threads: load.threads }));
    try {
      const ports = forwards.flatMap(({ listen }) => listen);
      await running.ready(lab, ports);
      return await timeAll(ports, await Deno.readTextFile(certificate.cert));
    } finally {
      await running.stop();
    }
  } finally {
    await backend.child.stop();
  }
}

async function timeAll(ports: readonly number[], ca: string): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const [index, { id, clientTls }] of CASES.entries()) {
    const times: number[] = [];
    for (let count = 0; count < UNCOUNTED + CONNECTIONS; count++) {
      const beganMs = performance.now();
      await request(ports[index] ?? 0, clientTls === true ? ca : undefined);
      if (count >= UNCOUNTED) times.push(performance.now() - beganMs);
    }
    sample[id] = median(times);
  }
  return sample;
}

async function request(port: number, ca: string | undefined): Promise<void> {
  const raw = await Deno.connect({ hostname: "127.0.0.1", port });
  // The load's own wait for the acknowledgement of its handshake is not to be measured.
  raw.setNoDelay(true);
  if (ca === undefined) {
    using conn = raw;
    await exchange(conn);
  } else {
    using conn = await Deno.startTls(raw, { hostname: CERTIFICATE_NAME, caCerts: [ca] });
    await conn.handshake();
    await exchange(conn);
  }
}

interface Ports {
  readonly plain: number;
  /** Wants a PROXY header. */
  readonly proxy: number;
  readonly tls: number;
}

/** An HTTP server that acknowledges late what it need not answer yet, as HAProxy in HTTP mode does by default. */
async function startBackend(
  lab: Lab,
  { both }: CertificateFiles,
): Promise<{ readonly ports: Ports; readonly child: Child }> {
  const [plain = 0, proxy = 0, tls = 0] = lab.freePorts(3);
  const config = await lab.write(
    `${lab.uniqueName("first-request")}.cfg`,
    `defaults
  mode http
  timeout client 1h
  timeout server 1h
  timeout connect 5s
frontend reply
  bind 127.0.0.1:${plain}
  bind 127.0.0.1:${proxy} accept-proxy
  bind 127.0.0.1:${tls} ssl crt ${both}
  http-request return status 200 content-type text/plain string hello
`,
  );
  const child = lab.start(programPath("haproxy"), { args: ["-db", "-f", config] });
  await lab.listening([plain, proxy, tls], [child]);
  return { ports: { plain, proxy, tls }, child };
}
