import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { REASONS } from "../../../lib/base/mod.ts";
import { runCli } from "../../../lib/cli/mod.ts";
import { REASON_PAGES, REASON_WORDS } from "../../../lib/cli/reason/reason_pages.ts";
import { reasonText } from "../../../lib/cli/reason/reason_text.ts";
import { troubleshootingPage } from "../../../tools/generate_troubleshooting.ts";
import { CapturedIo } from "../../helpers/fakes/captured_io.ts";

const METRICS = Deno.readTextFileSync(new URL("../../../docs/metrics.md", import.meta.url));
const CONFIGURATION = Deno.readTextFileSync(new URL("../../../docs/configuration.md", import.meta.url));
const WORDS_OF_OTHERS = ["example.com", "unrecognized_name", "no_application_protocol"];
/** What a line of the log has. */
const FIELDS = [
  "client",
  "target",
  "bytes_up",
  "bytes_down",
  "duration_ms",
  "connect_ms",
  "tries",
  "sni",
  "detail",
];

Deno.test("reason: every reason of the code has a page, and no other word but active", () => {
  assertEquals(Object.keys(REASON_PAGES).sort(), [...REASONS, "active"].sort());
  assertEquals(REASON_WORDS.length, Object.keys(REASON_PAGES).length);
});

Deno.test("reason: a page names fields of the log and metrics that there are, and is not empty", () => {
  for (const [word, { means, causes, remedies, fields, metrics = [] }] of Object.entries(REASON_PAGES)) {
    assert(means.endsWith("."), word);
    for (const text of [...causes, ...remedies]) assert(/[.]$/.test(text), `${word}: ${text}`);
    assert(causes.length > 0 && remedies.length > 0, word);
    for (const field of Object.keys(fields)) assert(FIELDS.includes(field), `${word}: ${field}`);
    for (const metric of metrics) assertStringIncludes(METRICS, `\`${metric}\``, word);
  }
});

Deno.test("reason: a page names keys of the config that there are", () => {
  for (const [word, { means, causes, remedies }] of Object.entries(REASON_PAGES)) {
    for (const [, code = ""] of [means, ...causes, ...remedies].join(" ").matchAll(/`([^`]+)`/g)) {
      const key = /^([a-z]+(?:[_.][a-z_]+)+)(?::|$)/.exec(code)?.[1];
      if (key === undefined || FIELDS.includes(key) || WORDS_OF_OTHERS.includes(key)) continue;
      assert(CONFIGURATION.includes(`\`${key.split(".").at(-1)}\``), `${word}: there is no key ${key}`);
    }
  }
});

Deno.test("docs/troubleshooting.md: is what the pages say", () => {
  const written = Deno.readTextFileSync(new URL("../../../docs/troubleshooting.md", import.meta.url));
  // The formatter aligns tables.
  assertEquals(
    plain(written),
    plain(troubleshootingPage()),
    "run: deno run --allow-write=docs tools/generate_troubleshooting.ts && deno fmt docs/troubleshooting.md",
  );
});

function plain(text: string): string {
  return text.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ");
}

Deno.test("reasonText: fits an ordinary terminal, and has no mark-up", () => {
  for (const word of REASON_WORDS) {
    const text = reasonText(word);
    for (const line of text.split("\n")) assert(line.length <= 80, `${word}: ${line}`);
    assert(!text.includes("`"), word);
  }
});

Deno.test("tcpproxy reason: prints the page of a word, and every word without one", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["reason", "half_close_timeout"], io), 0);
  assertStringIncludes(io.printed, "half_close_timeout (default 5m)");
  assertStringIncludes(io.printed, 'tcpproxy_connections_total{reason="half_close_timeout"}');
  const all = new CapturedIo();
  assertEquals(await runCli(["reason"], all), 0);
  for (const word of REASON_WORDS) assertStringIncludes(all.printed, `${word} `);
});

Deno.test("tcpproxy reason --json: has the same for scripts", async () => {
  const io = new CapturedIo();
  assertEquals(await runCli(["reason", "denied", "--json"], io), 0);
  const page = JSON.parse(io.printed);
  assertEquals([page.reason, page.means], ["denied", REASON_PAGES.denied.means]);
  const all = new CapturedIo();
  assertEquals(await runCli(["reason", "--json"], all), 0);
  assertEquals(JSON.parse(all.printed).map(({ reason }: { reason: string }) => reason), REASON_WORDS);
});

Deno.test("tcpproxy reason: suggests a word for a near miss, and names all otherwise", async () => {
  const near = new CapturedIo();
  assertEquals(await runCli(["reason", "idle_timout"], near), 2);
  assertStringIncludes(near.complaints, 'there is no reason "idle_timout", did you mean "idle_timeout"?');
  const far = new CapturedIo();
  assertEquals(await runCli(["reason", "xyz"], far), 2);
  assertStringIncludes(far.complaints, "expected one of client_closed, ");
});
