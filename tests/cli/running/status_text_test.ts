/**
 * What `tcpproxy status` and `tcpproxy sessions` print, as files: `tests/golden/status/NAME.txt`;
 * `deno test -A tests/cli/running -- --update` writes them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { sessionsLines } from "../../../lib/cli/running/sessions_text.ts";
import { statusLines } from "../../../lib/cli/running/status_text.ts";
import { type Line, lineWidth, plainLine } from "../../../lib/cli/terminal/line.ts";
import { readProxy } from "../../../lib/cli/running/read_view.ts";
import { proxyAt, sessionsAt } from "./proxy_view.ts";

const FOLDER = new URL("../../golden/status/", import.meta.url);

function compare(name: string, lines: readonly Line[]): void {
  const text = `${lines.map(plainLine).join("\n")}\n`;
  const file = new URL(`${name}.txt`, FOLDER);
  if (Deno.args.includes("--update")) Deno.writeTextFileSync(file, text);
  assertEquals(text, Deno.readTextFileSync(file));
}

for (const columns of [60, 80, 160]) {
  Deno.test(`statusLines, sessionsLines: on ${columns} columns`, () => {
    const status = statusLines(proxyAt({ seconds: 8 }), { columns });
    const sessions = sessionsLines(sessionsAt({ seconds: 8 }), { columns });
    compare(`status_${columns}`, status);
    compare(`sessions_${columns}`, sessions);
    for (const line of [...status, ...sessions]) assert(lineWidth(line) <= columns, plainLine(line));
  });
}

Deno.test("statusLines: for a pipe nothing is left out and nothing cut", () => {
  compare("status_pipe", statusLines(proxyAt({ seconds: 8 }), { columns: 10_000 }));
});

Deno.test("statusLines: of a proxy that tells less, what it tells is shown", () => {
  const view = readProxy({
    version: "0.1.0",
    apps: [{ name: "web", targets: [{ address: "h:1", state: "up" }] }],
  });
  const lines = statusLines(view, { columns: 80 }).map(plainLine);
  assertEquals(lines.filter((line) => line.startsWith("web ")), ["web  accepting  1/1 up"]);
  assertEquals(lines.find((line) => line.includes("h:1"))?.split(/\s+/).slice(1, 4), ["h:1", "up", "-"]);
});
