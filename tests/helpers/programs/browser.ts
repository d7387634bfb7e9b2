/**
 * A real Chromium, for tests of the dashboard.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where Debian's package `chromium` has it. */
const EXECUTABLE = "/usr/bin/chromium";

/** Whether there is none here; a test that needs it is then ignored. */
export const NO_CHROMIUM: boolean = !isThere(EXECUTABLE);

/** How long anything may take to show up, on a machine with much to do. */
export const PATIENCE_MS = 60_000;

/** Starts a Chromium of its own, which asks nobody for anything. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    timeout: PATIENCE_MS,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
    ],
  });
}

/** What a test does with a browser. */
export type BrowserUse = (browser: Browser, test: Deno.TestContext) => Promise<void>;

/**
 * Tests that share a browser, as steps of one test: to start a browser takes longer than most of them. Ignored, with the
 * reason, where there is none.
 *
 * @returns adds a test.
 */
export function browserTests(name: string): (name: string, use: BrowserUse) => void {
  const tests: [string, BrowserUse][] = [];
  Deno.test({
    name: NO_CHROMIUM ? `${name} (ignored: ${EXECUTABLE} not found)` : name,
    ignore: NO_CHROMIUM,
    fn: async (test) => {
      const browser = await launch();
      try {
        for (const [name, use] of tests) await test.step(name, (step) => use(browser, step));
      } finally {
        await browser.close();
      }
    },
  });
  return (name, use) => tests.push([name, use]);
}

/** Opens a page in a session of its own, and closes it when `use` has returned. Its problems are the test's. */
export async function withPage(
  browser: Browser,
  { url, ...options }: { readonly url: string } & BrowserContextOptions,
  use: (watched: WatchedPage) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const watched = new WatchedPage(await context.newPage(), new URL(url).origin);
    await watched.page.goto(url);
    await use(watched);
    assertEquals([watched.problems, watched.foreign], [[], []]);
  } finally {
    await context.close();
  }
}

/**
 * Resolves when an expression holds in the page. It is asked from outside again and again: the page's policy forbids
 * what `waitForFunction` does.
 */
export async function holds(page: Page, expression: string): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  while (!await page.evaluate(`Boolean(${expression})`)) {
    if (Date.now() > endMs) throw new Error(`it never held: ${expression}\n${await page.innerText("body")}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A page that keeps what went wrong in it, and what it asked others for. */
export class WatchedPage {
  readonly page: Page;
  /** Messages of errors, and of the content security policy. */
  readonly problems: string[] = [];
  readonly foreign: string[] = [];

  constructor(page: Page, origin: string) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.problems.push(`error: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      // The browser says so of each refused request; a test that means it to be refused looks at what the page shows.
      if (message.type() === "error" && !text.startsWith("Failed to load resource")) this.problems.push(text);
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith("data:")) this.foreign.push(url);
    });
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
