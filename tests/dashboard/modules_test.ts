import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { bytes, duration, milliseconds, perSecond } from "../../lib/admin/dashboard/format.js";
import { describeFault, settableOf } from "../../lib/admin/dashboard/dialogs/fault_form.js";
import { Rates } from "../../lib/admin/dashboard/data/rates.js";
import { Series } from "../../lib/admin/dashboard/data/series.js";
import { EventParser } from "../../lib/admin/dashboard/data/sse.js";
import type * as shown from "../../lib/admin/dashboard/types.d.ts";
import type { Status, Target } from "../../lib/admin/dashboard/types.d.ts";
import type { ReloadJson } from "../../lib/admin/json/reload.ts";
import type { SessionsJson } from "../../lib/admin/json/sessions.ts";
import type { FaultJson, StatusJson } from "../../lib/admin/json/status.ts";
import { Fixture } from "./fixture.ts";

/** Fails to compile where the page reads something else than the API sends. */
type Reads<Shown, _Sent extends Shown> = Shown;
export type PageReadsWhatTheApiSends = [
  Reads<shown.Status, StatusJson>,
  Reads<shown.Fault, FaultJson>,
  Reads<shown.Sessions, SessionsJson>,
  Reads<shown.Reload, ReloadJson>,
];

Deno.test("format: three digits and a unit", () => {
  assertEquals([0, 999, 1000, 1536, 10_240, 1024 ** 2 * 999, 1024 ** 3 * 5].map(bytes), [
    "0 B",
    "999 B",
    "1.0 KiB",
    "1.5 KiB",
    "10 KiB",
    "999 MiB",
    "5.0 GiB",
  ]);
  assertEquals([0, 0.42, 12.4, 1500, 61_000, 3_600_000].map(milliseconds), [
    "0 ms",
    "0.4 ms",
    "12 ms",
    "1.5 s",
    "61 s",
    "1h 0m",
  ]);
  assertEquals([0.25, 9.96, 120].map(perSecond), ["0.3/s", "10/s", "120/s"]);
  assertEquals([4000, 185_000, 8_040_000, 1_047_600_000].map(duration), ["4s", "3m 5s", "2h 14m", "12d 3h"]);
  assertEquals([bytes(null), milliseconds(undefined)], ["–", "–"]);
});

Deno.test("EventParser: gives the same events, however the stream is cut", () => {
  const text =
    'retry: 2000\n\n:\n\nevent: log\ndata: {"a":"é"}\n\ndata: 1\ndata: 2\r\n\r\nevent: nothing\n\n';
  const expected = [{ event: "log", data: '{"a":"é"}' }, { event: "message", data: "1\n2" }];
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: text.length })), (cuts) => {
    const parser = new EventParser();
    const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
    assertEquals(at.slice(1).flatMap((end, index) => parser.push(text.slice(at[index], end))), expected);
  }));
});

Deno.test("Rates: are differences by the second, of the same process alone", () => {
  const fixture = new Fixture();
  const app = fixture.add("web", ["a:1", "b:1"]);
  const [first, second] = app.targets;
  if (first === undefined || second === undefined) throw new Error("no targets");
  const rates = new Rates();
  const take = (now: number): boolean =>
    rates.update(
      structuredClone({ ...fixture.status(), now: new Date(now).toISOString() }) as unknown as Status,
    );
  assertEquals([take(0), rates.total], [false, undefined]);
  fixture.carry(app, first, { connections: 30, up: 100, down: 2000, dialMs: 4 });
  fixture.carry(app, second, { connections: 10, up: 100, down: 0, dialMs: 8 });
  assertEquals(take(100), true);
  assertEquals(rates.total, undefined, "too soon to tell");
  take(2000);
  assertEquals(rates.total, { connections: 20, up: 100, down: 1000, dial: 5 });
  assertEquals(rates.app("web"), rates.total);
  assertEquals(rates.target("web", "", "a:1"), { connections: 15, up: 50, down: 1000, dial: 4 });
  assertEquals(rates.shares("web", "", app.targets as unknown as Target[]), [0.75, 0.25]);
  take(3000);
  assertEquals(rates.target("web", "", "a:1"), { connections: 0, up: 0, down: 0, dial: null });
  fixture.startedAt = new Date(4000);
  assertEquals([take(4000), rates.total], [false, undefined]);
});

Deno.test("Series: keeps some minutes, and a pause is a gap", () => {
  const series = new Series(1);
  for (let time = 0; time < 400; time++) series.push(time, [time]);
  assertEquals([series.times[0], series.times.length], [94, 306]);
  series.push(450, [1]);
  assertEquals(series.times.slice(-3), [399, 400, 450]);
  assertEquals(series.columns[0]?.slice(-3), [399, null, 1]);
});

Deno.test("faults: are described, and set again with the time that is left", () => {
  const fault = {
    kind: "black_hole",
    direction: "up",
    probability: 0.5,
    clients: [],
    since: new Date().toISOString(),
    expires_at: new Date(Date.now() + 59_500).toISOString(),
    source: "api",
  } as const;
  assertEquals(describeFault({ ...fault, expires_at: null }), "black hole: direction up, probability 0.5");
  const { expires, ...rest } = settableOf(fault);
  assertEquals(rest, { kind: "black_hole", direction: "up", probability: 0.5, clients: [] });
  assertEquals(/^(?:5\d|60)s$/.test(String(expires)), true);
});
