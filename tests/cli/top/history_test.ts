import { assertEquals } from "@std/assert";
import type { ProxyView } from "../../../lib/cli/running/view.ts";
import { appKey, History, targetKey, TOTAL } from "../../../lib/cli/top/history.ts";
import { proxyAt, sessionsAt } from "../running/proxy_view.ts";

/** A moment of the fixture, with what "web" has sent until then. */
function at(seconds: number, bytesDown: number): ProxyView {
  const view = proxyAt({ seconds });
  const [web, ...others] = view.apps;
  if (web === undefined) throw new Error("the fixture has no app");
  return {
    ...view,
    apps: [{ ...web, traffic: { ...web.traffic, bytesDown, bytesUp: 0, connections: 10 } }, ...others],
  };
}

const WEB = appKey("web");

Deno.test("History: rates are what two snapshots differ by, on the proxy's clock", () => {
  const history = new History();
  history.add(at(0, 0));
  assertEquals(history.rates(WEB), undefined);
  history.add(at(2, 3000));
  assertEquals(history.rates(WEB), { up: 0, down: 1500, connections: 0 });
  history.add(at(4, 3000));
  assertEquals(history.rates(WEB), { up: 0, down: 0, connections: 0 });
  assertEquals(history.samples(WEB), [1500, 0]);
});

Deno.test("History: snapshots that are too near to each other say nothing of rates", () => {
  const history = new History();
  history.add(at(0, 0));
  history.add(at(1, 1000));
  history.add(at(1.05, 900_000));
  assertEquals(history.rates(WEB)?.down, 1000);
  history.add(at(2, 2000));
  assertEquals(history.rates(WEB)?.down, 1000);
});

Deno.test("History: a counter that falls is no negative rate, and a proxy that starts anew begins anew", () => {
  const history = new History();
  history.add(at(0, 5000));
  history.add(at(1, 100));
  assertEquals(history.rates(WEB)?.down, 0);
  history.add({ ...at(2, 0), startedAtMs: 1 });
  assertEquals([history.rates(WEB), history.rates(TOTAL), history.down], [undefined, undefined, []]);
});

Deno.test("History: what is gone is forgotten, and a proxy that counts nothing has no rates", () => {
  const history = new History();
  for (const seconds of [0, 1]) history.add(at(seconds, 0));
  assertEquals(history.rates(targetKey("web", null, "10.0.0.1:80"))?.down, 1_572_864);
  history.add({ ...at(2, 0), apps: [] });
  assertEquals(history.rates(WEB), undefined);
  const silent = (seconds: number): ProxyView => {
    const view = at(seconds, 0);
    return { ...view, traffic: { ...view.traffic, connections: null, bytesUp: null, bytesDown: null } };
  };
  const other = new History();
  for (const seconds of [0, 1]) other.add(silent(seconds));
  assertEquals([other.rates(TOTAL), other.down], [undefined, []]);
});

Deno.test("History: sessions have rates of their own, by their ids", () => {
  const history = new History();
  history.addSessions(sessionsAt({ seconds: 1 }).sessions);
  history.addSessions(sessionsAt({ seconds: 3 }).sessions);
  assertEquals(history.sessionRates("3"), { up: 0, down: 3000, connections: 0 });
  assertEquals(history.sessionRates("9"), undefined);
});
