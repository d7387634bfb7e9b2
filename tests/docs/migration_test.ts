/**
 * The pairs of the migration pages: what stands below a config of HAProxy or nginx is what `tcpproxy import` makes of
 * it (`deno test -A tests/docs/migration_test.ts -- --update` writes it), and both can be run.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../../lib/config/mod.ts";
import { IMPORT_FORMATS, type ImportFormat, translate } from "../../lib/import/mod.ts";
import { Proxy } from "../../lib/proxy/mod.ts";
import { connectTo } from "../helpers/clients.ts";
import { freePort } from "../helpers/free_ports.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { ProxyLog } from "../helpers/proxy/proxy.ts";
import { withHaproxyConfig } from "../helpers/servers/haproxy.ts";
import { missingNginx, withNginxStream } from "../helpers/servers/nginx.ts";
import { until } from "../helpers/until.ts";
import type { Block, Page } from "./markdown.ts";
import { readPages, ROOT } from "./pages.ts";

const FILES: Readonly<Record<ImportFormat, string>> = { haproxy: "haproxy.cfg", nginx: "nginx.conf" };
const MISSING: Readonly<Record<ImportFormat, string[]>> = {
  haproxy: missingTools("haproxy"),
  nginx: missingNginx(),
};

/** An original with what stands below it. */
interface Pair {
  readonly page: Page;
  readonly format: ImportFormat;
  readonly original: Block;
  readonly ours: Block | undefined;
}

const PAIRS = [...readPages().values()].flatMap((page) =>
  page.blocks.flatMap((original, index): Pair[] => {
    const format = IMPORT_FORMATS.find((format) => format === original.language);
    return format === undefined ? [] : [{ page, format, original, ours: page.blocks[index + 1] }];
  })
);

Deno.test("docs: there are configs of HAProxy and nginx, each with its translation", () => {
  for (const format of IMPORT_FORMATS) {
    assert(PAIRS.filter((pair) => pair.format === format).length >= 2, format);
  }
});

for (const { page, format, original, ours } of PAIRS) {
  const at = `${page.path}:${original.line}`;
  Deno.test(`docs: ${at} is translated whole, and its translation stands below`, () => {
    const { yaml, notes } = translate(original.text, { format, file: FILES[format] });
    assertEquals(notes.filter(({ kind }) => kind === "left_out"), []);
    // The page says already who has made it.
    const expected = yaml.replace(/^# Translated .*\n/, "");
    if (Deno.args.includes("--update")) update({ page, original, expected });
    else assertEquals(ours?.text, expected);
  });

  const missing = MISSING[format];
  Deno.test({
    name: `docs: ${at} runs, and so does its translation${
      missing.length > 0 ? ` (needs ${missing.join(", ")})` : ""
    }`,
    ignore: missing.length > 0 || ours === undefined,
    fn: async () => {
      const ports = /<!-- ports: ([\d ]+) -->/.exec(page.text)?.[1]?.split(" ") ?? [];
      const used = ports.filter((port) => new RegExp(`\\b${port}\\b`).test(original.text));
      assert(used.length > 0, "name its ports in <!-- ports: … -->");
      await runOriginal(format, withFreePorts(original.text, used));
      await runOurs(withFreePorts(ours?.text ?? "", used));
    },
  });
}

/** Replaces ports by free ones, and says which. */
function withFreePorts(text: string, ports: readonly string[]): { text: string; ports: number[] } {
  const free = new Map(ports.map((port) => [port, freePort()]));
  return {
    text: text.replaceAll(/\b\d{2,5}\b/g, (number) => String(free.get(number) ?? number)),
    ports: [...free.values()],
  };
}

async function runOriginal(
  format: ImportFormat,
  { text, ports }: { readonly text: string; readonly ports: readonly number[] },
): Promise<void> {
  const listens = (): Promise<void> =>
    until(async () => (await Promise.all(ports.map(isListening))).every(Boolean));
  if (format === "haproxy") await withHaproxyConfig(text, listens);
  else await withNginxStream(text.replace(/^\s*stream\s*\{/, "").replace(/\}\s*$/, ""), listens);
}

async function runOurs(
  { text, ports }: { readonly text: string; readonly ports: readonly number[] },
): Promise<void> {
  const proxy = await Proxy.start(await parseConfig(text, { file: "config.yaml" }), {
    observer: new ProxyLog(),
  });
  try {
    for (const port of ports) assert(await isListening(port), String(port));
  } finally {
    await proxy.stop();
  }
}

async function isListening(port: number): Promise<boolean> {
  try {
    using _conn = await connectTo(port);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Puts a translation below its original. */
function update(
  { page, original, expected }: { readonly page: Page; readonly original: Block; readonly expected: string },
): void {
  const path = `${ROOT}${page.path}`;
  const text = Deno.readTextFileSync(path);
  const end = text.indexOf(original.text) + original.text.length;
  const rest = text.slice(end).replace(/```yaml\n[\s\S]*?```/, () => `\`\`\`yaml\n${expected}\`\`\``);
  Deno.writeTextFileSync(path, text.slice(0, end) + rest);
}
