import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { stringify } from "@std/yaml/stringify";
import {
  configJsonSchema,
  effectiveConfig,
  embeddedConfig,
  escapeAllReferences,
  parseConfig,
} from "../../../lib/config/mod.ts";
import type { JsonSchema } from "../../../lib/config/mod.ts";
import { writtenConfigs } from "../../helpers/config/written_config.ts";
import { reference } from "../../../tools/generate_reference.ts";

Deno.test("effectiveConfig: read again gives the same config, as YAML and as JSON", async () => {
  await fc.assert(
    fc.asyncProperty(writtenConfigs, async (written) => {
      const config = await parseConfig(JSON.stringify(escapeAllReferences(written)), { file: "config.yaml" });
      const effective = escapeAllReferences(effectiveConfig(config));
      assertEquals(await parseConfig(stringify(effective), { file: "config.yaml" }), config);
      assertEquals(await parseConfig(JSON.stringify(effective), { file: "config.yaml" }), config);
    }),
    { numRuns: 40 },
  );
});

Deno.test("effectiveConfig: says every option of an app", async () => {
  const { apps } = effectiveConfig(await embeddedConfig()) as { apps: Record<string, unknown>[] };
  const schema: JsonSchema = configJsonSchema();
  const unsaid = ["listen", "dns", "discovery"]; // None is anything to this config.
  const keys = Object.keys(schema.properties?.apps?.items?.properties ?? {})
    .filter((key) => !unsaid.includes(key));
  assert(keys.length > 5);
  assertEquals(Object.keys(apps[0] ?? {}).sort(), keys.sort());
});

Deno.test("effectiveConfig: what of defaults is nothing to an app is not said of it", async () => {
  const text =
    `{ defaults: { slow_start: 30s }, apps: [{ name: a, ports: [1], targets: ["h:1"], balance: first }] }`;
  const config = await parseConfig(text, { file: "c" });
  assertEquals(config.apps[0]?.slowStartMs, 0);
  assertEquals(await parseConfig(stringify(effectiveConfig(config)), { file: "c" }), config);
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
    for (
      const branch of [
        ...inner.anyOf ?? [],
        ...inner.oneOf ?? [],
        ...inner.items === undefined ? [] : [inner.items],
      ]
    ) {
      visit(at, branch);
    }
  };
  visit("config", schema);
  assertEquals(schema.properties?.apps?.items?.properties?.connect_timeout?.default, "5s");
  assertEquals(schema.properties?.shutdown?.properties?.drain_timeout?.default, "30s");
  assertEquals(schema.anyOf?.map(({ required }) => required), [["apps"], ["include"]]);
});

Deno.test("configJsonSchema: what a caller does to it stays with the caller", () => {
  delete configJsonSchema().properties;
  assert(configJsonSchema().properties !== undefined);
});

Deno.test("reference: docs/configuration.md is what the schema says", () => {
  const written = Deno.readTextFileSync(new URL("../../../docs/configuration.md", import.meta.url));
  assertEquals(reference(), written, "run: deno run --allow-write=docs tools/generate_reference.ts");
});
