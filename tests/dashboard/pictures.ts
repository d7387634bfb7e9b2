/**
 * Takes the pictures of the dashboard that the documents show, and some to look at: `deno run -A
 * tests/dashboard/pictures.ts FOLDER`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers
import { withAdmin } from "../helpers/proxy/admin.ts";
import { launch } from "../helpers/programs/browser.ts";
import { seededRandom } from "../helpers/fakes/seeded_random.ts";
import { Fixture, type FixtureApp, fixtureTarget } from "./fixture.ts";

const FOLDER = Deno.args[0] ?? "docs/images";
const random = seededRandom(7);

function busy(fixture: Fixture): void {
  const pg = fixture.add("postgres", [], {
    listeners: ["[::]:5432", "127.0.0.1:6432"],
    balance: "least_connections",
    max_connections: 500,
    targets: [
      fixtureTarget("10.0.4.11:5432", { weight: 3, configured_weight: 3, current_weight: 3 }),
      fixtureTarget("10.0.4.12:5432", { weight: 2, configured_weight: 2, current_weight: 2 }),
      fixtureTarget("10.0.4.13:5432", {
        state: "down",
        detail: "connection refused (ECONNREFUSED), 3 checks in a row",
        since: new Date(Date.now() - 240_000).toISOString(),
      }),
      fixtureTarget("10.0.5.20:5432", { backup: true }),
    ],
  });
  const web = fixture.add("web", [], {
    listeners: ["[::]:443"],
    balance: "round_robin",
    targets: [
      fixtureTarget("10.0.1.1:443"),
      fixtureTarget("10.0.1.2:443", { admin: "drain" }),
      fixtureTarget("10.0.1.3:443", { weight: 1, configured_weight: 4, current_weight: 0.4 }),
    ],
    routes: [{
      route: "sni *.api.example.com",
      targets: [
        fixtureTarget("10.0.2.1:8443", { discovered_by: "_api._tcp.internal" }),
        fixtureTarget("10.0.2.2:8443", { discovered_by: "_api._tcp.internal" }),
      ],
      undiscovered: [],
    }],
  });
  const cache = fixture.add("redis", ["10.0.6.1:6379", "10.0.6.2:6379"], {
    state: "paused",
    faults: [{ kind: "latency", amount: "100ms", since: "", expires_at: null, source: "api" }],
  });
  const second = (app: FixtureApp, seconds: number): void => {
    const all = [...app.targets, ...app.routes.flatMap(({ targets }) => targets)];
    let sessions = 0;
    for (const [index, target] of all.entries()) {
      if (target.state !== "up" || target.admin !== "ready" || target.backup) {
        target.connections = target.admin === "drain" ? 9 : 0;
        sessions += target.connections;
        continue;
      }
      const wave = 1 + 0.3 * Math.sin(seconds / 21 + index) + 0.15 * random();
      fixture.carry(app, target, {
        connections: Math.round((app === pg ? 20 : 110) * wave * target.weight),
        up: 900_000 * wave * target.weight,
        down: 13_000_000 * wave * target.weight,
        dialMs: 0.6 + 0.3 * random() + (app === pg ? 0.4 : 0),
      });
      target.connections = Math.round((app === pg ? 31 : 48) * wave * target.weight);
      sessions += target.connections;
    }
    app.sessions = sessions;
    app.traffic.ended.idle_timeout = 41;
    app.traffic.ended.target_reset = 3;
  };
  tick = (seconds) => {
    for (const app of [pg, web, cache]) second(app, seconds);
  };
}

let tick: (seconds: number) => void = () => {};

async function main(): Promise<void> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const browser = await launch();
  const shoot = async (
    name: string,
    fixture: Fixture,
    options: {
      width?: number;
      height?: number;
      dark?: boolean;
      hash?: string;
      act?: string;
      seconds?: number;
      full?: boolean;
    },
  ): Promise<void> =>
    await withAdmin({ events: fixture.events, routes: fixture.routes }, async (admin) => {
      fixture.startedAt = new Date(Date.now() - 3 * 86_400_000);
      const page = await browser.newPage({
        viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
        colorScheme: options.dark ? "dark" : "light",
      });
      page.on("console", (message) => console.log(name, message.type(), message.text()));
      page.on("pageerror", (error) => console.log(name, error.message));
      // The past that plots show, in a moment: the page believes the time of the snapshots.
      const real = fixture.status.bind(fixture);
      let virtual = Date.now() - (options.seconds ?? 0) * 1000;
      fixture.status = () => ({ ...real(), now: new Date(virtual += 1).toISOString() });
      await page.goto(`http://127.0.0.1:${admin.port}/${options.hash ?? ""}`);
      await page.locator(".app, .empty").first().waitFor({ state: "attached" });
      let second = 0;
      const ticking = setInterval(() => {
        tick(second += 2);
        virtual += 1999;
      }, 260);
      while (second < (options.seconds ?? 0)) await new Promise((resolve) => setTimeout(resolve, 50));
      for (const [index, ending] of ENDINGS.entries()) {
        fixture.ended.publish({ ...ENDING, ...ending, id: 4711 + index, time: Date.now() });
      }
      for (const [level, message] of LINES) {
        fixture.lines.publish({ time: Date.now(), level, category: "proxy", message });
      }
      await new Promise((resolve) => setTimeout(resolve, 1200));
      if (options.act !== undefined) {
        await page.evaluate(options.act);
        await new Promise((resolve) => setTimeout(resolve, 800));
      }
      await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage: options.full ?? false });
      clearInterval(ticking);
      await page.close();
      tick = () => {};
    });
  const click = (label: string): string =>
    `[...document.querySelectorAll("button")].find((b) => (b.getAttribute("aria-label") ?? b.textContent).includes(${
      JSON.stringify(label)
    })).click()`;
  const wanted = new Set(Deno.args.slice(1));
  const run = async (
    name: string,
    make: (fixture: Fixture) => void,
    options: Parameters<typeof shoot>[2],
  ): Promise<void> => {
    if (wanted.size > 0 && !wanted.has(name)) return;
    const fixture = new Fixture();
    make(fixture);
    await shoot(name, fixture, options);
  };
  await run("dashboard-light", busy, { seconds: 330 });
  await run("dashboard-dark", busy, { seconds: 330, dark: true });
  await run("dashboard-phone", busy, { seconds: 330, width: 390, height: 1500 });
  await run("empty", (fixture) => void fixture.add("web", ["127.0.0.1:8080"]), {});
  await run("target-dialog", busy, {
    seconds: 6,
    act: click("Manage target 10.0.4.11") + `;document.querySelector("#state-down").click()`,
  });
  await run("app-dialog", busy, {
    seconds: 6,
    act: click("Manage app web") + `;document.querySelector("details").open = true`,
  });
  await run("sessions", (fixture) => {
    busy(fixture);
    fixture.sessions = Array.from({ length: 14 }, (_, index) => ({
      id: 90_210 - index,
      app: index % 3 === 0 ? "web" : "postgres",
      listener: "[::]:5432",
      client: `192.0.2.${10 + index}:${50_000 + index * 7}`,
      target: index === 2 ? null : `10.0.4.${11 + index % 2}:5432`,
      state: index === 2 ? "dialing" : "relaying",
      sni: index % 3 === 0 ? "shop.example.com" : null,
      started_at: new Date().toISOString(),
      age_ms: 1000 * (index + 1) ** 3,
      idle_ms: 300 * index,
      bytes_up: 900 * (index + 2) ** 4,
      bytes_down: 7000 * (index + 2) ** 4,
      connect_ms: 0.7,
      tries: 1,
      worker: 1,
    }));
  }, { seconds: 6, hash: "#/sessions" });
  await run("sessions-empty", busy, { seconds: 2, hash: "#/sessions" });
  await run("endings", busy, { seconds: 6, hash: "#/endings" });
  await run("endings-phone", busy, { seconds: 6, hash: "#/endings", width: 390, height: 1200 });
  await run("log", busy, { seconds: 10, hash: "#/log", dark: true });
  await run("tablet", busy, { seconds: 330, width: 1000, height: 1100 });
  await run("reload", (fixture) => {
    busy(fixture);
    fixture.plan = {
      changes: {
        settings: [{ key: "shutdown.drain_timeout", before: "30s", after: "1m" }],
        apps: [
          {
            name: "postgres",
            change: "changed",
            sessions: 171,
            listeners: [{ address: "127.0.0.1:6432", change: "gone" }],
            targets: [
              { address: "10.0.4.13:5432", route: null, change: "gone", connections: 12 },
              { address: "10.0.4.14:5432", route: null, change: "added", connections: 0 },
            ],
            options: [{ key: "connect_timeout", before: "5s", after: "2s" }],
          },
          { name: "mail", change: "added", sessions: 0, listeners: [], targets: [], options: [] },
          { name: "web", change: "kept", sessions: 3, listeners: [], targets: [], options: [] },
        ],
      },
      apps: [],
      warnings: [],
    };
  }, { seconds: 6, act: click("Reload") });
  await run("200-apps", (fixture) => {
    for (let index = 0; index < 200; index++) {
      const app = fixture.add(`customer-${String(index).padStart(3, "0")}`, [
        `10.1.${index}.1:443`,
        `10.1.${index}.2:443`,
        `10.1.${index}.3:443`,
      ]);
      if (index % 17 === 3 && app.targets[1] !== undefined) app.targets[1].state = "down";
    }
    tick = () => {
      for (const app of fixture.apps) {
        for (const target of app.targets) {
          if (target.state !== "up") continue;
          fixture.carry(app, target, {
            connections: Math.round(9 * random()),
            up: 9000 * random(),
            down: 90_000 * random(),
            dialMs: 1 + random(),
          });
          target.connections = Math.round(40 * random());
        }
        app.sessions = app.targets.reduce((sum, { connections }) => sum + connections, 0);
      }
    };
  }, { seconds: 10 });
  await browser.close();
}

const ENDING = {
  app: "postgres",
  listener: "[::]:5432",
  client: "192.0.2.10:50001",
  target: "10.0.4.11:5432",
  reason: "client_closed",
  bytesUp: 5120,
  bytesDown: 182_000,
  durationMs: 5230,
  connectMs: 0.8,
  tries: 1,
  sni: undefined,
  detail: "",
  time: 0,
  id: 1,
} as const;

const ENDINGS = [
  {},
  {
    app: "web",
    sni: "shop.example.com",
    target: "10.0.1.1:443",
    durationMs: 812,
    client: "198.51.100.4:40123",
  },
  { reason: "target_reset", detail: "read from target: ECONNRESET after 4 KiB", durationMs: 61_000 },
  {
    app: "redis",
    reason: "no_target",
    target: undefined,
    detail: "10.0.6.1:6379: connection refused (ECONNREFUSED)",
    durationMs: 3,
  },
  { reason: "idle_timeout", durationMs: 3_600_000 },
  { app: "web", reason: "killed", target: "10.0.1.2:443" },
] as const;

const LINES = [
  ["info", "listening on 4 addresses"],
  ["warning", 'app "postgres": target 10.0.4.13:5432 is down: connection refused (ECONNREFUSED)'],
  ["info", 'app "web": target 10.0.2.2:8443 added: DNS discovery for "_api._tcp.internal"'],
  ["error", 'certificates of app "web": shop.pem: expired 2 days ago; replace it and reload'],
] as const;

if (import.meta.main) void main();
