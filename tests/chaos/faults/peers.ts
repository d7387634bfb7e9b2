/** Clients and targets that misbehave. */
import { TlsLab } from "../../helpers/tls/tls_lab.ts";
import { resettingClient } from "../../helpers/clients.ts";
import { buildProxyV2 } from "../../helpers/protocol/proxy_v2.ts";
import { resettingTarget } from "../../helpers/targets.ts";
import { connectTo, exchange, randomBytes } from "../../helpers/clients.ts";
import { seededRandom } from "../../helpers/fakes/seeded_random.ts";
import { type Fault, pause, type Preparation, type Scene } from "../fault.ts";
import { LONG, type Plan } from "../plan.ts";

const STORM_CLIENTS = 30;
const SLOW_CLIENTS = 200;
const SLOW_TIMEOUT_S = 2;
const FLAP_MS = 100;

/** Clients reset at every moment, and a target resets what it has accepted. */
export const resetStorm: Fault = {
  name: "rst-storm",
  title:
    `RST storm: ${STORM_CLIENTS} clients at a time reset at random moments, one target of three resets all`,
  promise: "nobody else is affected; no session is left",
  recoverMs: 1000,
  prepare: (plan, { targets }) =>
    Promise.resolve({ targets: [...plan.targets, `127.0.0.1:${targets.sparePort}`] }),
  run: async (scene) => {
    const random = seededRandom(5);
    // Before and after, nothing listens there.
    await using _bad = await resettingTarget(
      (socket, reset) => socket.once("data", reset),
      scene.targets.sparePort,
    );
    let resets = 0;
    await whileHeld(scene, STORM_CLIENTS, async () => {
      const client = await resettingClient(scene.door.port);
      const moment = random();
      if (moment > 0.2) await client.write(randomBytes(1 + Math.floor(random() * 60_000)));
      if (moment > 0.6) await pause(random() * 20);
      if (moment > 0.9) await client.finish();
      await client.reset();
      resets++;
    });
    scene.note(`${resets} clients reset`);
  },
};

/** A target that is there every other moment. */
export const flappingTarget: Fault = {
  name: "flap",
  title: `a target goes away with its connections, and comes back, every ${FLAP_MS} ms`,
  promise: "new connections go to the other target; only those cut off by it fail",
  recoverMs: 1000,
  mayFail: 0.3,
  run: async ({ targets, holdMs }) => {
    const endsAtMs = performance.now() + holdMs;
    while (performance.now() < endsAtMs) {
      await targets.down(0);
      await pause(FLAP_MS);
      targets.up(0);
      await pause(FLAP_MS);
    }
  },
};

/** Clients that never finish a PROXY header. */
export const slowProxyHeaders: Fault = {
  name: "slow-proxy-header",
  title: `slow loris: ${SLOW_CLIENTS} clients send a PROXY v2 header a byte at a time`,
  promise: `others are served; the slow are closed after the header's timeout (${SLOW_TIMEOUT_S} s)`,
  recoverMs: 1000,
  mayFail: 0.1,
  prepare: (_plan: Plan, { subject }: Preparation) => {
    const isPeer = subject === "haproxy" || subject === "nginx";
    const app = {
      "proxy_protocol": {
        accept: "required",
        from: ["127.0.0.1"],
        ...(isPeer ? {} : { timeout: `${SLOW_TIMEOUT_S}s` }),
      },
    };
    return Promise.resolve({ app, door: { proxyHeader: true } });
  },
  run: (scene) => slowClients(scene, buildProxyV2()),
};

/** Clients that never finish a ClientHello. */
export const slowHellos: Fault = {
  name: "slow-tls",
  title: `slow loris: ${SLOW_CLIENTS} clients send a TLS record a byte at a time`,
  promise: `others are served; the slow are closed after the handshake's timeout (${SLOW_TIMEOUT_S} s)`,
  recoverMs: 1000,
  mayFail: 0.1,
  prepare: async (_plan: Plan, { folder, onEnd }: Preparation) => {
    const lab = new TlsLab();
    onEnd(() => lab[Symbol.dispose]());
    const { certFile, keyFile, cert, key } = lab.local;
    const both = await folder.write("both.pem", `${cert}${key}`);
    return {
      app: {
        tls: { certificates: [{ cert: certFile, key: keyFile }], "handshake_timeout": `${SLOW_TIMEOUT_S}s` },
      },
      environment: { CHAOS_CERTIFICATE: both },
      door: { ca: lab.ca.cert },
    };
  },
  // The head of a record of 512 bytes, and of a ClientHello in it.
  run: (scene) =>
    slowClients(scene, Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...new Array(100).fill(7))),
};

async function slowClients(scene: Scene, bytes: Uint8Array): Promise<void> {
  const { door, holdMs } = scene;
  const beganMs = performance.now();
  let closed = 0;
  let firstMs = Infinity;
  const conns = await Promise.all(
    Array.from({ length: SLOW_CLIENTS }, () => connectTo(door.port, door.host)),
  );
  for (const conn of conns) {
    conn.read(new Uint8Array(1)).catch(() => {}).then(() => {
      closed++;
      firstMs = Math.min(firstMs, performance.now() - beganMs);
    });
  }
  const lastsMs = Math.max(holdMs, (SLOW_TIMEOUT_S + 1) * 1000);
  // Never to the last byte.
  for (let at = 0; at < bytes.length - 1 && performance.now() - beganMs < lastsMs; at++) {
    await Promise.all(conns.map((conn) => conn.write(bytes.subarray(at, at + 1)).catch(() => 0)));
    await pause(250);
  }
  await pause(beganMs + lastsMs - performance.now());
  const first = closed > 0 ? `, the first after ${(firstMs / 1000).toFixed(1)} s` : "";
  scene.note(`${closed} of ${SLOW_CLIENTS} slow clients closed${first}`);
  for (const conn of conns) conn[Symbol.dispose]();
}

/** More connections than anybody expects. */
export const crowd: Fault = crowdOf(2000);

/** So many connections at once, each of which is used; and the same once more, for what the first has left behind. */
export function crowdOf(count: number): Fault {
  return {
    name: "crowd",
    title: `${count.toLocaleString("en-US")} connections at once, each used, then all closed; once more`,
    promise: "every one is served; the second time takes no more memory than the first",
    recoverMs: 2000,
    reloads: false,
    prepare: () => Promise.resolve(LONG),
    warmUp: async (scene) => {
      const beforeMib = scene.proxy.memoryMib();
      await gather(scene, count);
      scene.note(`the first time: ${beforeMib.toFixed(0)} to ${scene.proxy.memoryMib().toFixed(0)} MiB`);
    },
    run: (scene) => gather(scene, count),
  };
}

async function gather(scene: Scene, count: number): Promise<void> {
  const { door } = scene;
  const conns: Deno.TcpConn[] = [];
  let refused = 0;
  await Promise.all(Array.from({ length: 50 }, async () => {
    for (let index = 0; index < count / 50; index++) {
      await connectTo(door.port, door.host).then((conn) => conns.push(conn), () => refused++);
    }
  }));
  const request = randomBytes(500);
  const replies = await Promise.allSettled(conns.map((conn) => exchange(conn, request)));
  const served = replies.filter((each) => each.status === "fulfilled" && each.value.length === 500).length;
  if (served < count) scene.note(`${served} of ${count} served${refused > 0 ? `, ${refused} refused` : ""}`);
  for (const conn of conns) conn[Symbol.dispose]();
}

/** Runs so many loops of `once` as long as the scene holds. What a single one fails of is its own affair. */
async function whileHeld({ holdMs }: Scene, loops: number, once: () => Promise<void>): Promise<void> {
  const endsAtMs = performance.now() + holdMs;
  await Promise.all(Array.from({ length: loops }, async () => {
    while (performance.now() < endsAtMs) await once().catch(() => pause(10));
  }));
}
