/**
 * A real Chromium, for tests of the dashboard.
 *
 * @module
 */
import { type Browser, chromium, type Page } from "playwright-core";

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
