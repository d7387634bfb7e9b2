/** Clients and targets that do not stay to the end. */
import { resettingClient } from "../../helpers/clients.ts";
import { patternAt } from "../pattern.ts";
import { WrongBytesError } from "../visit.ts";
import type { Workload } from "./workload.ts";

/** Resets its connection in the middle. */
export const resets: Workload = {
  name: "reset by the client",
  app: "echo",
  weight: 6,
  visit: async (site, visit): Promise<void> => {
    visit.connections++;
    const client = await resettingClient(site.port("echo"));
    visit.own({ close: () => void client.reset() });
    await client.write(patternAt(0, visit.between(1, 100_000)));
    // By then it is certain that the proxy has accepted it.
    await client.received(1);
    if (visit.random() < 0.3) await client.finish();
    await client.reset();
  },
};

/** Its target is restarted now and then, which may cut it off; without a restart nothing may. */
export const flaky: Workload = {
  name: "target that restarts",
  app: "flaky",
  weight: 8,
  visit: async (site, visit): Promise<void> => {
    const { generation } = site.flaky;
    const conn = await visit.connect(site.port("flaky"));
    const length = visit.between(1, 50_000);
    try {
      await visit.send(conn, length, length);
      await visit.receive(conn, length, length);
      await conn.closeWrite();
      await visit.receiveEnd(conn);
    } catch (error) {
      const isRestarted = generation % 2 === 1 || site.flaky.generation !== generation;
      if (!isRestarted || visit.isLate || error instanceof WrongBytesError) throw error;
    }
  },
};
