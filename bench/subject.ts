import type { Backend } from "./backend.ts";
import type { Lab } from "./system/lab.ts";
import { runIperf } from "./load/iperf3.ts";
import { runWrk } from "./load/wrk.ts";
import type { Load, Subject } from "./measure.ts";
import { type Forward, type Peer, RunningPeer } from "./peer.ts";
import { findProgram } from "./system/programs.ts";

/** What a peer is started in. */
export interface Surroundings {
  readonly lab: Lab;
  readonly backend: Backend;
  readonly load: Load;
}

/**
 * Starts a peer with one port before each of the backend's; resolves when it listens. The caller stops it.
 *
 * @throws {Error} when it does not start.
 */
export async function startPeer(surroundings: Surroundings, peer: Peer): Promise<Subject> {
  const { lab, backend, load } = surroundings;
  const [httpPort = 0, bulkPort = 0] = lab.freePorts(2);
  const { sendsProxy = false } = peer;
  const pairs = [
    { listen: httpPort, target: sendsProxy ? backend.proxyPort : backend.httpPort },
    { listen: bulkPort, target: sendsProxy ? undefined : backend.bulkPort },
  ].filter((each) => each.target !== undefined);
  const forwards = pairs.map(({ listen, target }): Forward => ({
    listen: [listen],
    targets: [`127.0.0.1:${target}`],
    ...(sendsProxy ? { option: "proxy_v2" } : {}),
  }));
  const children = await peer.start(lab, { forwards, threads: load.threads });
  const running = new RunningPeer(children);
  if (children.length === 0) {
    return {
      lab,
      backend,
      load,
      peer,
      running,
      httpPort: backend.httpPort ?? 0,
      bulkPort: backend.bulkPort ?? 0,
    };
  }
  try {
    await running.ready(lab, pairs.map((each) => each.listen));
  } catch (error) {
    await running.stop();
    throw error;
  }
  return { lab, backend, load, peer, running, httpPort, bulkPort };
}

/** New connections warm up for longer: their path is the longest, and it is optimized after some 10,000 in each thread. */
const WARM_UP_SECONDS = { requests: 1, connections: 6, bulk: 1 };

/**
 * Load of each kind that is not counted: a runtime compiles what is hot only after it has run for a while, and a proxy runs
 * for weeks. Whatever fails here fails again, with its reason, in the measure.
 */
export async function warmUp(
  { httpPort, bulkPort, peer: { sendsProxy = false }, load: { threads } }: Subject,
): Promise<void> {
  const runs: (() => Promise<unknown>)[] = [];
  if (findProgram("wrk") !== undefined && httpPort !== 0) {
    const { requests, connections } = WARM_UP_SECONDS;
    const load = { port: httpPort, connections: 64, threads };
    runs.push(
      () => runWrk({ ...load, seconds: requests, close: false }),
      // Each thread has to warm up.
      () => runWrk({ ...load, seconds: connections * threads, close: true }),
    );
  }
  // First: what a bulk stream teaches the compiler costs new connections an optimization.
  if (bulkPort !== 0 && !sendsProxy) {
    runs.unshift(() => runIperf({ port: bulkPort, seconds: WARM_UP_SECONDS.bulk, streams: 1 }));
  }
  for (const run of runs) await run();
}
