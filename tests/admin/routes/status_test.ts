import { assertEquals } from "@std/assert";
import type { PoolSnapshot, TargetSnapshot } from "../../../lib/app/mod.ts";
import { QuietProxy, withAdmin } from "../../helpers/admin.ts";

const TARGET: TargetSnapshot = {
  address: { kind: "tcp", host: "10.0.0.1", port: 80 },
  label: "10.0.0.1:80",
  tier: 0,
  weight: 3,
  currentWeight: 1 / 3,
  health: "ejected",
  active: 2,
  maxConnections: 5,
  isFull: false,
  foundBy: undefined,
  discover: undefined,
};
const FOUND: TargetSnapshot = {
  ...TARGET,
  label: "10.0.0.2:80",
  tier: 1,
  currentWeight: 3,
  health: "down",
  active: undefined,
  maxConnections: Infinity,
  foundBy: "db.internal:80",
};
const POOLS: readonly PoolSnapshot[] = [
  { targets: [TARGET, FOUND], emptyEntries: ["other.internal:80"] },
  { targets: [], emptyEntries: [] },
];

Deno.test("GET /api/status: is a snapshot, with null for unknown or unlimited", async () => {
  const app = {
    name: "web",
    listen: ["127.0.0.1:7001", "unix:/run/x"],
    targets: ["10.0.0.1:80"],
    routes: [{ sni: ["x.example"], targets: ["10.0.0.3:80"] }],
  };
  const proxy = new QuietProxy([app], {
    workers: 4,
    sessions: 7,
    sessionsOf: () => undefined,
    pools: () => POOLS,
  });
  await withAdmin({ proxy }, async (admin) => {
    const { status, headers, text } = await admin.ask("/api/status");
    assertEquals([status, headers.get("content-type")], [200, "application/json"]);
    const { started_at: startedAt, ...rest } = JSON.parse(text);
    assertEquals(new Date(startedAt).toISOString(), startedAt);
    assertEquals(rest, {
      version: "1.2.3",
      state: "ready",
      workers: 4,
      sessions: 7,
      apps: [{
        name: "web",
        listeners: ["127.0.0.1:7001", "unix:/run/x"],
        balance: "random",
        sessions: null,
        max_connections: null,
        targets: [
          {
            address: "10.0.0.1:80",
            state: "ejected",
            weight: 3,
            current_weight: 0.333,
            backup: false,
            connections: 2,
            max_connections: 5,
            discovered_by: null,
          },
          {
            address: "10.0.0.2:80",
            state: "down",
            weight: 3,
            current_weight: 3,
            backup: true,
            connections: null,
            max_connections: null,
            discovered_by: "db.internal:80",
          },
        ],
        undiscovered: ["other.internal:80"],
        routes: [{ route: "routes[0] (sni x.example)", targets: [], undiscovered: [] }],
      }],
    });
  });
});
