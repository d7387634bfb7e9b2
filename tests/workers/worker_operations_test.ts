import { assertEquals } from "@std/assert";
import { ControlPlane } from "../../lib/proxy/mod.ts";
import type { SessionFacts } from "../../lib/session/mod.ts";
import type { Answers } from "../../lib/workers/control/requests/replies.ts";
import type { Supervisor } from "../../lib/workers/control/threads/supervisor.ts";
import { WorkerOperations } from "../../lib/workers/control/requests/worker_operations.ts";
import { PlaneLog } from "../helpers/proxy/plane.ts";
import { configOf } from "../helpers/proxy/proxy.ts";

const QUERY = { filter: {}, sort: "id", order: "desc", limit: 3 } as const;

function facts(id: number): SessionFacts {
  return {
    id,
    app: "a",
    listener: { kind: "tcp", host: "127.0.0.1", port: 1 },
    client: { kind: "tcp", host: "127.0.0.1", port: 2 },
    target: undefined,
    state: "dialing",
    sni: undefined,
    ageMs: 0,
    idleMs: 0,
    bytesUp: 0,
    bytesDown: 0,
    connectMs: undefined,
    tries: 0,
  };
}

/** Workers that answer any question with these values, by their numbers; the others are late. */
function answering(
  values: Readonly<Record<number, unknown>>,
  late: readonly number[],
): Pick<Supervisor, "ask"> {
  const answers = {
    values: Object.entries(values).map(([worker, value]) => ({ worker: Number(worker), value })),
    refusals: late.map((worker) => ({ worker, why: "no answer within 2 s" })),
  };
  return { ask: () => Promise.resolve(answers as unknown as Answers<never>) };
}

async function operations(...supervisors: Pick<Supervisor, "ask">[]): Promise<WorkerOperations> {
  const config = configOf({ apps: [{ name: "a", targets: ["127.0.0.1:1"] }] });
  const control = await ControlPlane.prepare(config, { observer: new PlaneLog() });
  return new WorkerOperations({ control, supervisors: () => supervisors, postChanges: () => {} });
}

Deno.test("WorkerOperations.sessions: merges what workers of all configs list, and names those that are late", async () => {
  const page = (...ids: number[]): unknown => ({ total: 10, matched: 4, sessions: ids.map(facts) });
  const { sessions, incomplete, ...counts } = await (await operations(
    answering({ 1: page(9, 5, 1), 2: page(8, 7, 2) }, [3]),
    answering({ 2: page(6) }, [1]),
  )).sessions(QUERY);
  assertEquals(sessions.map(({ id, worker }) => [id, worker]), [[9, 1], [8, 2], [7, 2]]);
  assertEquals([counts.total, counts.matched], [30, 12]);
  assertEquals(incomplete, [
    "worker 3: no answer within 2 s",
    "worker 1 with another config: no answer within 2 s",
  ]);
});

Deno.test("WorkerOperations: an operation that a worker does not answer is done in the others, and says so", async () => {
  const late = ["worker 2: no answer within 2 s"];
  assertEquals(await (await operations(answering({ 1: 3 }, [2]))).endSessions({}), {
    ended: 3,
    incomplete: late,
  });
  const each = await operations(answering({ 1: undefined }, [2]));
  assertEquals(await each.setPaused("a", true), { incomplete: late });
  assertEquals(await each.setFaults("a", []), { incomplete: late });
  assertEquals(await each.setTarget({ app: "a", label: "127.0.0.1:1" }, { admin: "drain" }), {
    ended: 0,
    incomplete: late,
  });
  assertEquals(await each.setPaused("b", true), undefined);
});
