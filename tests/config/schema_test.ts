import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { stringify } from "@std/yaml/stringify";
import { configJsonSchema, effectiveConfig, embeddedConfig, parseConfig } from "../../lib/config/mod.ts";
import type { JsonSchema } from "../../lib/config/mod.ts";
import { reference } from "../../tools/generate_reference.ts";

const limit = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.constantFrom("ms", "s", "m", "h"))
  .map(([count, unit]) => `${count}${unit}`);
const limitOrOff = fc.oneof(limit, fc.constantFrom("off", false));
const rate = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom("B", "KiB", "MiB", "kB")).map((all) =>
    `${all.join("")}/s`
  ),
  fc.constant("off"),
);
const options = Object.freeze({
  connect_timeout: limit,
  connect_deadline: limit,
  idle_timeout: limitOrOff,
  half_close_timeout: limitOrOff,
  max_lifetime: limitOrOff,
  bandwidth: fc.record({ upload: rate, download: rate }, { requiredKeys: [] }),
});
const target = fc.constantFrom("h:1", "[::1]:2", "unix:/run/x", "unix:y", "h:*", { address: "10.0.0.1:3" });

/** Configs whose apps cannot be in each other's way: each has ten ports of its own. */
const configs = fc.record({
  log: fc.record({
    level: fc.constantFrom("debug", "info", "warning", "error"),
    format: fc.constantFrom("text", "json"),
    access: fc.constantFrom(true, false, "a.log", "/var/log/a.log"),
  }, { requiredKeys: [] }),
  shutdown: fc.record({ drain_timeout: limit, delay: fc.constantFrom("0s", "5s") }, { requiredKeys: [] }),
  defaults: fc.record(options, { requiredKeys: [] }),
  apps: fc.array(
    fc.record({ targets: fc.array(target, { minLength: 1, maxLength: 3 }), ...options }, {
      requiredKeys: ["targets"],
    }),
    { minLength: 1, maxLength: 4 },
  ).chain((apps) =>
    fc.tuple(...apps.map((app, index) => {
      const port = 1000 + 10 * index;
      const where = fc.constantFrom(
        { ports: [port, `${port + 1}-${port + 4}`, port + 7] },
        { ports: [port + 3, port + 2], host: "127.0.0.1" },
        {
          listen: [
            `127.0.0.1:${port}-${port + 3}`,
            `[::1]:${port + 4}`,
            `[::1]:${port + 5}`,
            `unix:/run/${port}`,
          ],
        },
        { ports: [port], listen: [`localhost:${port + 1}`, `unix:s${port}`] },
      );
      return where.map((place) => ({ name: `app-${index}`, ...app, ...place }));
    }))
  ),
}, { requiredKeys: ["apps"] });

Deno.test("effectiveConfig: read again gives the same config, as YAML and as JSON", async () => {
  await fc.assert(fc.asyncProperty(configs, async (written) => {
    const config = await parseConfig(JSON.stringify(written), { file: "config.yaml" });
    const effective = effectiveConfig(config);
    assertEquals(await parseConfig(stringify(effective), { file: "config.yaml" }), config);
    assertEquals(await parseConfig(JSON.stringify(effective), { file: "config.yaml" }), config);
  }));
});

Deno.test("effectiveConfig: says every option of an app", async () => {
  const { apps } = effectiveConfig(await embeddedConfig()) as { apps: Record<string, unknown>[] };
  const schema: JsonSchema = configJsonSchema();
  const keys = Object.keys(schema.properties?.apps?.items?.properties ?? {}).filter((key) =>
    key !== "listen"
  );
  assert(keys.length > 5);
  assertEquals(Object.keys(apps[0] ?? {}).sort(), keys.sort());
});

Deno.test("effectiveConfig: ports and addresses that follow each other are ranges", async () => {
  const text = `apps: [{ name: a, ports: [1, 2, 3, 5], listen: ["h:7", "h:8", "g:9"], targets: ["h:1"] }]`;
  const { apps } = effectiveConfig(await parseConfig(text, { file: "c" })) as {
    apps: Record<string, unknown>[];
  };
  assertEquals(apps[0]?.ports, ["1-3", 5]);
  assertEquals(apps[0]?.listen, ["h:7-8", "g:9"]);
});

Deno.test("configJsonSchema: describes every key, refuses others, and gives defaults", () => {
  const schema: JsonSchema & { $schema?: string } = configJsonSchema();
  assertEquals(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  const visit = (at: string, inner: JsonSchema & { additionalProperties?: unknown }): void => {
    if (inner.properties !== undefined) assertEquals(inner.additionalProperties, false, at);
    for (const [key, property] of Object.entries(inner.properties ?? {})) {
      assert((property.description ?? "") !== "", `${at}.${key} has no description`);
      visit(`${at}.${key}`, property);
    }
    for (const branch of [...inner.anyOf ?? [], ...inner.items === undefined ? [] : [inner.items]]) {
      visit(at, branch);
    }
  };
  visit("config", schema);
  assertEquals(schema.properties?.apps?.items?.properties?.connect_timeout?.default, "5s");
  assertEquals(schema.properties?.shutdown?.properties?.drain_timeout?.default, "30s");
  assertEquals(schema.required, ["apps"]);
});

Deno.test("configJsonSchema: what a caller does to it stays with the caller", () => {
  delete configJsonSchema().properties;
  assert(configJsonSchema().properties !== undefined);
});

Deno.test("reference: docs/configuration.md is what the schema says", () => {
  const written = Deno.readTextFileSync(new URL("../../docs/configuration.md", import.meta.url));
  assertEquals(reference(), written, "run: deno run --allow-write=docs tools/generate_reference.ts");
});
