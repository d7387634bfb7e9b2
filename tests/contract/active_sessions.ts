import { assert, assertEquals } from "@std/assert";
import type { EndedSession } from "../../lib/session/mod.ts";
import type { ProxyControl } from "../../lib/proxy/mod.ts";
import { Arrivals } from "../helpers/arrivals.ts";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo } from "../helpers/clients.ts";
import { configOf } from "../helpers/proxy/proxy.ts";
import { PlaneLog, type StartPlane } from "../helpers/proxy/plane.ts";
import { echo, TestTarget } from "../helpers/targets.ts";

/** Keeps the reports of sessions that last. */
class ActiveLog extends PlaneLog {
  readonly active: EndedSession[] = [];
  readonly #arrivals = new Arrivals();

  sessionActive(session: EndedSession): void {
    // The session goes on, and changes.
    this.active.push({
      ...session,
      id: session.id,
      app: { name: session.app.name },
      target: session.target,
      up: { bytes: session.up.bytes },
      client: session.client,
    });
    this.#arrivals.tell();
  }

  reports(count: number): Promise<EndedSession[]> {
    return this.#arrivals.find(
      () => this.active.length < count ? undefined : this.active,
      () => this.active.length,
    );
  }
}

/** What is reported of sessions while they last, in however many threads the proxy runs. */
export function testActiveSessionsContract(name: string, start: StartPlane): void {
  Deno.test(`${name}: a session that lasts is reported at each interval, then as ended`, async () => {
    await using target = new TestTarget(echo);
    const log = new ActiveLog();
    const config = configOf({ log: { ["access_interval"]: "20ms" }, apps: [{ targets: [target.address] }] });
    const control = await start(config, log);
    try {
      using client = await connectTo(portOf(control));
      await echoed(client, "hello");
      const reports = await log.reports(3);
      for (const { reason, app, up, target: found } of reports) {
        assertEquals([reason, app.name, up.bytes, found?.label], [undefined, "app-1", 5, target.address]);
      }
      await client.closeWrite();
      const [ended] = await log.ended(1);
      assertEquals(ended?.id, reports[0]?.id);
      assert(ended?.reason !== undefined);
    } finally {
      await control.stop();
    }
  });

  Deno.test(`${name}: without an access log, or an interval, no session is reported while it lasts`, async () => {
    await using target = new TestTarget(echo);
    for (const more of [{ access: false, ["access_interval"]: "10ms" }, {}]) {
      const log = new ActiveLog();
      // The idle limit makes for a sweep that would find one due.
      const app = { targets: [target.address], ["idle_timeout"]: "100ms" };
      const control = await start(configOf({ log: more, apps: [app] }), log);
      try {
        using client = await connectTo(portOf(control));
        await echoed(client, "x");
        const [ended] = await log.ended(1);
        assertEquals([ended?.reason, log.active.length], ["idle_timeout", 0]);
      } finally {
        await control.stop();
      }
    }
  });
}

/** Says something, hears it again, and leaves the connection open. */
async function echoed(client: Deno.Conn, text: string): Promise<void> {
  await client.write(utf8(text));
  const buffer = new Uint8Array(text.length);
  assertEquals(await client.read(buffer), text.length);
  assertEquals(buffer, utf8(text));
}

function portOf(control: ProxyControl): number {
  for (const { address } of control.listeners()) if (address.kind === "tcp") return address.port;
  throw new Error("it listens on no TCP port; expected one");
}
