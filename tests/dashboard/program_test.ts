// deno-lint-ignore-file camelcase -- the keys of the API and of configs
import { assertEquals } from "@std/assert";
import { utf8 } from "../helpers/bytes.ts";
import { browserTests, holds, withPage } from "../helpers/programs/browser.ts";
import { connectTo, readExactly, readToEnd, writeAll } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { program } from "../helpers/programs/program.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

interface Reported {
  readonly apps: readonly {
    readonly name: string;
    readonly state: string;
    readonly targets: readonly {
      readonly address: string;
      readonly admin: string;
      readonly connections: number;
    }[];
  }[];
}

/** Waits until the API shows it. */
async function reported(origin: string, isSo: (status: Reported) => boolean): Promise<void> {
  for (;;) {
    const response = await fetch(`${origin}/api/status`);
    if (isSo(await response.json())) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const browserTest = browserTests("dashboard: with a running proxy");

for (const workers of [1, 2]) {
  browserTest(
    `dashboard: shows and changes a running proxy, with workers: ${workers}`,
    async (browser, test) => {
      await using folder = new TemporaryFolder();
      await using target = new TestTarget(echo);
      const [adminPort, port] = [freePort(), freePort()];
      const origin = `http://127.0.0.1:${adminPort}`;
      const root = {
        workers,
        log: { access: false },
        shutdown: { drain_timeout: "0s" },
        admin: { listen: `127.0.0.1:${adminPort}` },
      };
      const app = {
        name: "web",
        listen: [`127.0.0.1:${port}`],
        targets: [target.address],
        max_connections: 100,
      };
      const config = await folder.config({ ...root, apps: [app] });
      const proxy = program(["-c", config]);
      try {
        await proxy.ready();
        using client = await connectTo(port);
        await writeAll(client, utf8("x".repeat(2048)));
        await readExactly(client, 2048);
        await withPage(
          browser,
          { url: `${origin}/`, viewport: { width: 1400, height: 900 } },
          async ({ page }) => {
            const dialog = page.locator("dialog[open]");
            const closed = (): Promise<void> => holds(page, `document.querySelector("dialog") === null`);
            await test.step("its values are those of the API", async () => {
              await holds(
                page,
                `document.querySelector('[data-value="sessions"] .number')?.textContent === "1 of 100"`,
              );
              await reported(origin, ({ apps }) => apps[0]?.targets[0]?.connections === 1);
              await holds(page, `document.querySelector('.target [data-label="open"]').textContent === "1"`);
              assertEquals(await page.locator(".target .address").innerText(), target.address);
            });
            await test.step("a target is drained and made ready again", async () => {
              await page.getByRole("button", { name: `Manage target ${target.address}` }).click();
              await dialog.getByRole("radio", { name: /^Drain/ }).check();
              await dialog.getByRole("button", { name: "Apply" }).click();
              await reported(origin, ({ apps }) => apps[0]?.targets[0]?.admin === "drain");
              await holds(page, `document.querySelector(".target .state").textContent === "Draining"`);
              await page.getByRole("button", { name: `Manage target ${target.address}` }).click();
              await dialog.getByRole("radio", { name: /^Ready/ }).check();
              await dialog.getByRole("button", { name: "Apply" }).click();
              await holds(page, `document.querySelector(".target .state").textContent === "Up"`);
            });
            await test.step("an app is paused and accepts again", async () => {
              await page.getByRole("button", { name: "Manage app web" }).click();
              await dialog.getByRole("button", { name: "Pause accepting" }).click();
              await reported(origin, ({ apps }) => apps[0]?.state === "paused");
              await page.getByText("Paused", { exact: true }).waitFor();
              await closed();
              await page.getByRole("button", { name: "Manage app web" }).click();
              await dialog.getByRole("button", { name: "Accept again" }).click();
              await reported(origin, ({ apps }) => apps[0]?.state === "accepting");
              await closed();
            });
            await test.step("a session is ended, and its end is listed with its reason", async () => {
              await page.locator('nav a[href="#/sessions"]').click();
              await holds(
                page,
                `document.querySelector(".sessions [data-label=up]")?.textContent === "2.0 KiB"`,
              );
              await page.getByRole("button", { name: /^End session \d/ }).click();
              await dialog.getByRole("button", { name: "End session" }).click();
              await readToEnd(client);
              await page.locator('nav a[href="#/endings"]').click();
              await holds(page, `document.querySelector(".endings .state")?.textContent === "killed"`);
            });
            await test.step("a reload is planned, and done", async () => {
              await page.locator('nav a[href="#/apps"]').click();
              await folder.config({ ...root, apps: [{ ...app, connect_timeout: "4s" }] });
              await page.getByRole("button", { name: "Reload…" }).click();
              await dialog.getByText("connect_timeout").waitFor();
              await dialog.getByRole("button", { name: "Reload", exact: true }).click();
              await page.getByText("Reloaded: 1 app changed.").waitFor();
            });
            await test.step("it finds the proxy again after a restart", async () => {
              await proxy.stop();
              await page.getByText("Disconnected", { exact: true }).waitFor();
              await using next = program(["-c", config]);
              await next.ready();
              await holds(page, `document.querySelector("#state").textContent === "Ready"`);
              await holds(page, `document.querySelector("#banner").hidden`);
            });
          },
        );
      } finally {
        await proxy[Symbol.asyncDispose]();
      }
    },
  );
}
