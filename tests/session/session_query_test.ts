import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { parseCidr } from "../../lib/base/mod.ts";
import {
  describeFilter,
  firstSessions,
  SESSION_SORTS,
  SESSION_STATES,
  type SessionFilter,
} from "../../lib/session/mod.ts";
import {
  type FilteredSession,
  sessionMatcher,
  type SortedSession,
} from "../../lib/session/table/session_query.ts";

const APPS = ["a", "b"];
const LABELS = ["10.0.0.1:80", "h:*"];
const BLOCKS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "2001:db8::/32", "0.0.0.0/0"];
const HOSTS = ["10.1.2.3", "10.1.2.4", "10.200.0.1", "192.0.2.1", "2001:db8::1", "2001:db9::1"];

const session: fc.Arbitrary<FilteredSession> = fc.record({
  id: fc.integer({ min: 1, max: 5 }),
  app: fc.constantFrom(...APPS).map((name) => ({ name })),
  client: fc.oneof(
    fc.constantFrom(...HOSTS).map((host) => ({ kind: "tcp" as const, host, port: 1 })),
    fc.constant({ kind: "unix" as const, path: "" }),
  ),
  target: fc.option(
    fc.constantFrom(...LABELS).map((label) => ({ label: label.replace("*", "7"), target: { label } })),
    { nil: undefined },
  ),
  stage: fc.constantFrom(...SESSION_STATES, "ended" as const),
  aborted: fc.boolean(),
});

const filter = fc.record({
  id: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  app: fc.option(fc.constantFrom(...APPS), { nil: undefined }),
  target: fc.option(fc.constantFrom(...LABELS, "h:7"), { nil: undefined }),
  client: fc.option(fc.constantFrom(...BLOCKS), { nil: undefined }),
  state: fc.option(fc.constantFrom(...SESSION_STATES), { nil: undefined }),
});

/** Whether a block holds a host, by their texts: written anew for the few blocks and hosts of this test. */
function holds(block: string, host: string): boolean {
  const starts: Readonly<Record<string, string>> = {
    "10.0.0.0/8": "10.",
    "10.1.0.0/16": "10.1.",
    "10.1.2.3": "10.1.2.3",
    "2001:db8::/32": "2001:db8:",
    "0.0.0.0/0": "1",
  };
  return host.startsWith(starts[block] ?? "nothing");
}

Deno.test("sessionMatcher: a live session fits when it fits every part of the filter, and only then", () => {
  fc.assert(fc.property(session, filter, (session, { client, ...rest }) => {
    const expected = session.stage !== "ended" && !session.aborted &&
      [
        rest.id === undefined || session.id === rest.id,
        rest.app === undefined || session.app.name === rest.app,
        rest.state === undefined || session.stage === rest.state,
        rest.target === undefined ||
        [session.target?.label, session.target?.target.label].includes(rest.target),
        client === undefined || (session.client.kind === "tcp" && holds(client, session.client.host)),
      ].every((fits) => fits);
    const compiled = { ...rest, client: client === undefined ? undefined : parseCidr(client) };
    assertStrictEquals(sessionMatcher(compiled)(session), expected);
  }));
});

Deno.test("sessionMatcher: without conditions every live session fits", () => {
  fc.assert(fc.property(session, (session) => {
    assertStrictEquals(sessionMatcher({})(session), session.stage !== "ended" && !session.aborted);
  }));
});

Deno.test("firstSessions: are those of a full sort, also where many are alike", () => {
  // Few values, so that many are alike.
  const few = fc.integer({ min: 0, max: 3 });
  const sessions = fc.uniqueArray(
    fc.record({ id: fc.nat(500), ageMs: few, idleMs: few, bytesUp: few, bytesDown: few }),
    { selector: ({ id }) => id, maxLength: 60 },
  );
  const key = (one: SortedSession, sort: typeof SESSION_SORTS[number]): number =>
    ({
      id: one.id,
      age: one.ageMs,
      idle: one.idleMs,
      bytes_up: one.bytesUp,
      bytes_down: one.bytesDown,
    })[sort];
  fc.assert(fc.property(
    sessions,
    fc.constantFrom(...SESSION_SORTS),
    fc.constantFrom("asc" as const, "desc" as const),
    fc.integer({ min: 1, max: 70 }),
    (sessions, sort, order, limit) => {
      const sorted = sessions.toSorted((a, b) => key(a, sort) - key(b, sort) || a.id - b.id);
      const expected = (order === "asc" ? sorted : sorted.toReversed()).slice(0, limit);
      assertEquals(firstSessions(sessions, { filter: {}, sort, order, limit }), expected);
    },
  ));
});

Deno.test("describeFilter: says what the log has of it", () => {
  const filters: [SessionFilter, string][] = [
    [{}, "all"],
    [{ id: 7 }, "#7"],
    [
      { app: "web", target: "10.0.0.1:80", client: parseCidr("10.0.0.0/8"), state: "relaying" },
      'app "web", target 10.0.0.1:80, client 10.0.0.0/8, relaying',
    ],
  ];
  for (const [filter, expected] of filters) assertEquals(describeFilter(filter), expected);
});
