import type { Backend } from "./backend.ts";
import type { Lab } from "./lab.ts";
import { runIperf } from "./load/iperf3.ts";
import { runWrk } from "./load/wrk.ts";
import type { Load, Subject } from "./measure.ts";
import { type Peer, RunningPeer } from "./peer.ts";
import { findProgram } from "./programs.ts";

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
  const pairs = [
    { listen: httpPort, target: backend.httpPort },
    { listen: bulkPort, target: backend.bulkPort },
  ].filter((each) => each.target !== undefined);
  const forwards = pairs.map(({ listen, target }) => ({
    listen: [listen],
    targets: [`127.0.0.1:${target}`],
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

/**
 * A second of each kind of load that is not counted: a runtime compiles what is hot only after it has run for a while.
 * Whatever fails here fails again, with its reason, in the measure.
 */
export async function warmUp({ httpPort, bulkPort, load: { threads } }: Subject): Promise<void> {
  const runs: (() => Promise<unknown>)[] = [];
  if (findProgram("wrk") !== undefined && httpPort !== 0) {
    for (const close of [false, true]) {
      runs.push(() => runWrk({ port: httpPort, seconds: 1, connections: 64, threads, close }));
    }
  }
  if (bulkPort !== 0) runs.push(() => runIperf({ port: bulkPort, seconds: 1, streams: 1 }));
  for (const run of runs) await run();
}
