import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { TOKEN, withAdmin } from "../helpers/proxy/admin.ts";
import { browserTests, holds, withPage } from "../helpers/programs/browser.ts";
import { until } from "../helpers/until.ts";
import { Fixture, fixtureTarget } from "./fixture.ts";
import LOOK from "./in_page.js" with { type: "text" };

/** What would run, or break out, if data became markup. */
const HOSTILE = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>"'\`\${7*7}</td>`;

const WIDE = { width: 1400, height: 900 };

/** Shows a fixture in a page. */
async function shown(
  browser: Browser,
  fixture: Fixture,
  use: (page: Page, url: string) => Promise<void>,
  options: {
    readonly token?: string;
    readonly colorScheme?: "light" | "dark";
    readonly viewport?: { readonly width: number; readonly height: number };
  } = {},
): Promise<void> {
  const { token, colorScheme = "light", viewport = WIDE } = options;
  await withAdmin({ routes: fixture.routes, events: fixture.events, token }, async (admin) => {
    const url = `${admin.url.origin}/`;
    await withPage(browser, { url, viewport, colorScheme }, ({ page }) => use(page, url));
  });
}

function button(page: Page, name: string | RegExp): ReturnType<Page["getByRole"]> {
  return page.getByRole("button", { name, exact: typeof name === "string" });
}

const browserTest = browserTests("dashboard: the page");

browserTest("dashboard: hostile text is shown as text, wherever it comes from", async (browser) => {
  const fixture = new Fixture();
  fixture.add(HOSTILE, [], {
    listeners: [HOSTILE],
    balance: HOSTILE,
    undiscovered: [HOSTILE],
    targets: [fixtureTarget(HOSTILE, { state: "down", detail: HOSTILE, discovered_by: HOSTILE })],
    faults: [{ kind: HOSTILE, amount: HOSTILE, since: HOSTILE, expires_at: null, source: "api" }],
  });
  fixture.sessions = [{
    id: 7,
    app: HOSTILE,
    listener: HOSTILE,
    client: HOSTILE,
    target: HOSTILE,
    state: HOSTILE,
    sni: HOSTILE,
    started_at: HOSTILE,
    age_ms: 1,
    idle_ms: 1,
    bytes_up: 1,
    bytes_down: 1,
    connect_ms: 1,
    tries: 1,
    worker: null,
  }];
  await shown(browser, fixture, async (page) => {
    await holds(page, `document.querySelector(".address")?.textContent.includes("onerror")`);
    fixture.ended.publish({
      time: 0,
      id: 1,
      app: HOSTILE,
      listener: HOSTILE,
      client: HOSTILE,
      target: HOSTILE,
      reason: "error",
      bytesUp: 1,
      bytesDown: 1,
      durationMs: 1,
      connectMs: 1,
      tries: 1,
      sni: HOSTILE,
      detail: HOSTILE,
    });
    fixture.lines.publish({ time: 0, level: "error", category: HOSTILE, message: HOSTILE });
    for (
      const [hash, selector] of [["sessions", ".sessions td"], ["endings", ".endings td"], [
        "log",
        ".message",
      ]]
    ) {
      await page.locator(`nav a[href="#/${hash}"]`).click();
      await holds(
        page,
        `[...document.querySelectorAll("${selector}")].some((e) => e.textContent.includes("onerror"))`,
      );
    }
    await page.locator('nav a[href="#/apps"]').click();
    await button(page, /^Manage app/).click();
    await holds(page, `document.querySelector("dialog[open] .fault")?.textContent.includes("onerror")`);
    const hits = await page.evaluate(
      "document.querySelectorAll('main img, dialog img').length + (window.hit ?? 0)",
    );
    assertEquals(hits, 0);
  });
});

browserTest("dashboard: actions send what they say, and say what they cut", async (browser, test) => {
  const fixture = new Fixture();
  const app = fixture.add("web/1", ["10.0.0.1:80", "10.0.0.2:80"]);
  for (const target of app.targets) target.connections = 12;
  app.sessions = 24;
  const done = async (request: string): Promise<void> => {
    await until(() => fixture.done.length > 0);
    assertEquals(fixture.done.splice(0), [request]);
  };
  await shown(browser, fixture, async (page) => {
    const dialog = page.locator("dialog[open]");
    const closed = (): Promise<void> => holds(page, `document.querySelector("dialog") === null`);
    await test.step("a target is set down", async () => {
      await button(page, "Manage target 10.0.0.1:80").click();
      await dialog.getByRole("radio", { name: /^Down/ }).check();
      await dialog.getByLabel("Weight").fill("7");
      await button(page, "Apply and cut 12 connections").click();
      await done('PATCH /api/apps/web%2F1/targets/10.0.0.1%3A80 {"state":"down","weight":7}');
      await closed();
    });
    await test.step("an app is paused", async () => {
      await button(page, "Manage app web/1").click();
      await button(page, "Pause accepting").click();
      await done('PATCH /api/apps/web%2F1 {"state":"paused"}');
      await closed();
    });
    await test.step("a fault is put on", async () => {
      await button(page, "Manage app web/1").click();
      await dialog.getByText("Put a fault on", { exact: true }).click();
      await button(page, "Put fault on").click();
      await done(
        'PUT /api/apps/web%2F1/faults {"faults":[{"kind":"latency","amount":"100ms","direction":"both","probability":1,"expires":"10m"}]}',
      );
      await page.keyboard.press("Escape");
      await closed();
    });
    await test.step("a reload shows its plan first", async () => {
      fixture.plan = {
        changes: {
          settings: [],
          apps: [{
            name: "web/1",
            change: "changed",
            sessions: 24,
            listeners: [],
            targets: [{ address: "10.0.0.2:80", route: null, change: "gone", connections: 12 }],
            options: [{ key: "connect_timeout", before: "5s", after: "2s" }],
          }],
        },
        apps: [],
        warnings: [],
      };
      await button(page, "Reload…").click();
      await dialog.getByText("target 10.0.0.2:80, 12 open connections").waitFor();
      assertMatch(await dialog.locator(".plan").innerText(), /connect_timeout\s+5s\s+2s/);
      assertEquals(fixture.done, []);
      await dialog.getByRole("button", { name: "Reload", exact: true }).click();
      await done("POST /api/reload");
      await closed();
    });
    await test.step("a drain is asked for", async () => {
      await button(page, "Drain…").click();
      assertStringIncludes(await dialog.innerText(), "24 open connections");
      await dialog.getByRole("button", { name: "Cancel" }).click();
      await closed();
      assertEquals(fixture.done, []);
      await button(page, "Drain…").click();
      await button(page, "Drain and stop").click();
      await done("POST /api/drain");
      await closed();
    });
  });
});

browserTest("dashboard: the keyboard is enough", async (browser) => {
  const fixture = new Fixture();
  for (const name of ["a", "b", "c", "d", "e"]) fixture.add(name, ["10.0.0.1:80"]);
  await shown(browser, fixture, async (page) => {
    const focus = (): Promise<unknown> =>
      page.evaluate(
        `document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()`,
      );
    await holds(page, `document.querySelectorAll(".app").length === 5`);
    await page.keyboard.press("Tab");
    assertEquals(await focus(), "Skip to content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("/");
    assertEquals(await focus(), "Filter apps");
    await page.keyboard.type("c");
    await holds(page, `document.querySelectorAll(".app").length === 1`);
    const toggle = page.locator(".app-toggle");
    await toggle.focus();
    await page.keyboard.press("Enter");
    assertEquals(await toggle.getAttribute("aria-expanded"), "true");
    await page.locator(".target button").focus();
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("ArrowDown");
    await holds(page, `document.querySelector("dialog input:checked").value === "drain"`);
    await page.keyboard.press("Escape");
    await holds(page, `document.querySelector("dialog") === null`);
    // The focus goes back to where it came from.
    assertEquals(await focus(), "Manage target 10.0.0.1:80");
    await page.locator('nav a[href="#/log"]').focus();
    await page.keyboard.press("Enter");
    await holds(page, `!document.querySelector("#log").hidden`);
  });
});

browserTest(
  "dashboard: names, landmarks and contrast are as they should be, in both themes",
  async (browser) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const fixture = new Fixture();
      const app = fixture.add("web", [], {
        undiscovered: ["x.internal"],
        faults: [{ kind: "refuse", since: "", expires_at: null, source: "api" }],
        state: "paused",
        targets: [
          fixtureTarget("10.0.0.1:80"),
          fixtureTarget("10.0.0.2:80", { state: "down", detail: "connection refused" }),
          fixtureTarget("10.0.0.3:80", { state: "ejected", weight: 3 }),
          fixtureTarget("10.0.0.4:80", { admin: "drain" }),
        ],
      });
      app.traffic.ended.client_closed = 1;
      app.traffic.ended.no_target = 2;
      app.traffic.ended.killed = 3;
      await shown(browser, fixture, async (page) => {
        await holds(page, `document.querySelectorAll("tr.target").length === 4`);
        const look = async (where: string): Promise<void> => {
          const found = await page.evaluate(LOOK) as string[];
          assertEquals(found.map((problem) => `${colorScheme}, ${where}: ${problem}`), []);
        };
        await look("apps");
        await button(page, "Manage app web").click();
        await page.locator("dialog[open] details").evaluate("(element) => element.open = true");
        await look("app");
        await page.keyboard.press("Escape");
        await button(page, "Manage target 10.0.0.1:80").click();
        await look("target");
        await page.keyboard.press("Escape");
        for (const [level, message] of [["info", "a"], ["warning", "b"], ["error", "c"]] as const) {
          fixture.lines.publish({ time: 0, level, category: "proxy", message });
        }
        await page.locator('nav a[href="#/log"]').click();
        await holds(page, `document.querySelectorAll(".lines li").length === 3`);
        await look("log");
        await page.locator('nav a[href="#/endings"]').click();
        await holds(page, `document.querySelectorAll(".reasons li").length === 3`);
        await look("endings");
      }, { colorScheme });
    }
  },
);

browserTest(
  "dashboard: with a token, it shows nothing until it has it, and keeps it for the tab",
  async (browser) => {
    const fixture = new Fixture();
    fixture.add("web", ["10.0.0.1:80"]);
    await shown(browser, fixture, async (page) => {
      const dialog = page.locator("dialog[open]");
      await dialog.getByLabel("Token").fill("wrong-token-of-16");
      await button(page, "Connect").click();
      await dialog.getByText("The proxy refused that token.").waitFor();
      assertEquals(await page.locator(".app").count(), 0);
      await dialog.getByLabel("Token").fill(TOKEN);
      await page.keyboard.press("Enter");
      await page.locator(".app").waitFor();
      await page.reload();
      await page.locator(".app").waitFor();
      assertEquals(await dialog.count(), 0);
      assertEquals(await page.evaluate("document.cookie + JSON.stringify(localStorage)"), "{}");
    }, { token: TOKEN });
  },
);

browserTest(
  "dashboard: nothing is cut off on a phone, and addresses have room at every width",
  async (browser) => {
    const fixture = new Fixture();
    const long = `${"long-".repeat(20)}name.example.com:443`;
    fixture.add(long, [], {
      listeners: [long],
      targets: [fixtureTarget(long, { state: "down", detail: long.repeat(3) })],
    });
    await shown(browser, fixture, async (page) => {
      await page.locator(".app").waitFor();
      for (const view of ["apps", "sessions", "endings", "log"]) {
        await page.locator(`nav a[href="#/${view}"]`).click();
        await holds(page, `!document.getElementById("${view}").hidden`);
        const [content, screen] = await page.evaluate(
          "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
        ) as number[];
        assertEquals(content, screen, view);
      }
      await page.locator('nav a[href="#/apps"]').click();
      for (const width of [390, 800, 1001, 1181, 1321]) {
        await page.setViewportSize({ width, height: 844 });
        await holds(page, `document.querySelector(".address").getBoundingClientRect().width > 100`);
      }
      await page.locator(".troubles a").click();
      await holds(page, `document.querySelector("#apps input").value === ${JSON.stringify(long)}`);
    }, { viewport: { width: 390, height: 844 } });
  },
);

browserTest("dashboard: two hundred apps stay usable", async (browser) => {
  const fixture = new Fixture();
  for (let number = 0; number < 200; number++) {
    fixture.add(`app-${number}`, [`10.0.${number}.1:80`, `10.0.${number}.2:80`]);
  }
  const last = fixture.apps.at(-1)?.targets[0];
  if (last !== undefined) last.state = "down";
  await shown(browser, fixture, async (page) => {
    await holds(page, `document.querySelector("#apps .summary")?.textContent === "200 apps"`);
    assertEquals(await page.locator(".app-body:visible").count(), 0);
    assertEquals(await page.locator(".app").count() < 200, true);
    await page.getByLabel("Order of apps").selectOption("trouble");
    await holds(page, `document.querySelector(".app-name").textContent === "app-199"`);
    await page.getByLabel("Filter apps").fill("10.0.42.1:80");
    await holds(page, `document.querySelectorAll(".app").length === 1`);
    assertEquals(await page.locator(".app-name").innerText(), "app-42");
    await page.getByLabel("Filter apps").fill("no such app");
    await page.getByText("No app fits the filter.").waitFor();
  });
});
