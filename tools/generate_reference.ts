/**
 * Writes `docs/configuration.md` from the JSON Schema of the config, so that the reference cannot say anything else than
 * the program does. Run it after every change of the schema: `deno run --allow-write=docs tools/generate_reference.ts`.
 *
 * @module
 */

import { configJsonSchema } from "../lib/config/mod.ts";
import type { JsonSchema } from "../lib/config/mod.ts";

const HEAD = `# Configuration

<!-- Written by tools/generate_reference.ts from the schema. Change the schema, then run it. -->
`;

/** What all of the config has in common, in Markdown. */
export const CONFIG_INTRODUCTION =
  `The config is a YAML file (JSON is YAML) of at most 1 MiB, with the files that it includes. Unknown keys are
errors, and all problems are reported together, each with its place. What an app says without any effect, as
an \`allow\` for the clients of a unix socket, is a warning; what it has from \`defaults\` or through a merge key
never is. \`tcpproxy check\` reads a config without starting it and prints it with every default filled in;
\`tcpproxy schema\` prints its JSON Schema for editors.

- A **duration** is a number and a unit: \`500ms\`, \`5s\`, \`10m\`, \`1h\`, \`1d\`; or several, the largest first:
  \`1h30m\`. At most \`720h\`.
- A **size** is a number and a unit: \`16KiB\`, \`10MiB\`. The units are \`B\`, \`KiB\`, \`MiB\`, \`GiB\`, and the decimal
  \`KB\`, \`MB\`, \`GB\`. A number alone is bytes.
- A **rate** is a size per second: \`64KiB/s\`, \`10MiB/s\`; a tenth of a second's worth passes at once.
- **Events** are a whole number in a second, a minute or an hour: \`100/s\`, \`30/m\`, \`500/h\`. After a pause that
  many may come at once, and what is used comes back evenly: with \`30/m\` 30 at once, then one every two
  seconds. \`60/m\` and \`1/s\` are the same in the long run, and differ in what may come at once.
- A **block** is an address, IPv4 or IPv6, or all that share its first bits: \`10.0.0.5\`, \`10.0.0.0/8\`,
  \`fd00::/8\`.
- **\`off\`** is no limit, or nothing of the kind: \`health_check: off\` in an app wins over that of \`defaults\`.
- What an app says replaces what \`defaults\` say of the same key whole, mappings and lists too.
- A **path**, that of a unix socket too, is relative to the config file.
- Anchors, aliases and merge keys (\`<<\`) of YAML work; there are no timestamps, and \`yes\`, \`no\`, \`on\` and
  \`off\` are texts.
- **\`\${NAME}\`** in any value is the environment variable of that name, and \`\${NAME:-default}\` has a default
  for one that is not set or empty. It is a number or a boolean where the key takes one. Within brackets it
  needs quotes: \`ports: ["\${PORT}"]\`. Every other \`$\` is itself; write \`$\${\` for a plain \`\${\`. Values are part
  of the config and shown as such: keep secrets in files.
- Keys that begin with \`x-\` are your own, at every level: a place for anchors.
- Numbers are those of YAML 1.2: \`8000\`, \`0o17500\`, \`0x1F40\`. One with a leading zero, which older parsers
  read as octal, is refused.

The smallest config:

\`\`\`yaml
apps:
  - name: web
    ports: [8080]
    targets: ["127.0.0.1:3000", "127.0.0.1:3001"]
\`\`\`
`;

/** The whole reference, in Markdown. */
export function reference(): string {
  const sections = configSections().map(({ path, rows }) =>
    `## ${path === "" ? "The top level" : `\`${path}\``}\n\n${table(rows)}`
  );
  return [HEAD, CONFIG_INTRODUCTION, ...sections].join("\n");
}

/** What the reference says of one mapping of the config. */
export interface ConfigSection {
  /** Where it is in the config, such as `apps[].tls`; "" is the top level. */
  readonly path: string;
  readonly rows: readonly ConfigRow[];
}

/** What the reference says of one key: Markdown that needs one line. */
export interface ConfigRow {
  readonly key: string;
  readonly type: string;
  /** "" for a key without one. */
  readonly fallback: string;
  readonly isRequired: boolean;
  readonly meaning: string;
}

/** The sections of the reference, in its order. */
export function configSections(): readonly ConfigSection[] {
  return sections("", configJsonSchema(), new Set());
}

/** A section for a mapping and one for each mapping in it; a mapping that was described already is not repeated. */
function sections(path: string, schema: JsonSchema, reported: Set<string>): ConfigSection[] {
  const properties = schema.properties ?? {};
  const signature = JSON.stringify(properties);
  if (reported.has(signature)) return [];
  reported.add(signature);
  const made: ConfigSection[] = [{ path, rows: rowsOf(properties, schema.required ?? []) }];
  for (const [key, property] of Object.entries(properties)) {
    if (path === "" && key === "defaults") continue;
    // A target's own check has the keys of its app's.
    if (path.endsWith("targets[]") && key === "health_check") continue;
    const nested = nestedMapping(property);
    const steps = property.items === undefined ? key : `${key}[]`;
    if (nested !== undefined) {
      made.push(...sections(path === "" ? steps : `${path}.${steps}`, nested, reported));
    }
  }
  return made;
}

function rowsOf(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): ConfigRow[] {
  return Object.entries(properties).map(([key, schema]) => ({
    key,
    type: typeName(schema),
    fallback: fallback(schema),
    isRequired: required.includes(key),
    meaning: meaning(key, schema),
  }));
}

function table(rows: readonly ConfigRow[]): string {
  const cells = rows.map(({ key, type, fallback, isRequired, meaning }) => [
    `\`${key}\``,
    type,
    isRequired ? "needed" : fallback,
    meaning.replaceAll("|", "\\|"),
  ]);
  const head = ["key", "type", "default", "meaning"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? "").length))
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...cells.map(line)].join("\n") + "\n";
}

function meaning(key: string, schema: JsonSchema): string {
  const options = key === "defaults" ? ` Any of ${words(Object.keys(schema.properties ?? {}))}.` : "";
  const examples = (schema.examples ?? []).map(text);
  const example = examples.length === 0 ? "" : ` Example: ${examples.join(", ")}.`;
  return `${schema.description ?? ""}${options}${example}`;
}

function typeName(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.enum !== undefined) return words([...new Set(schema.enum.map(String))]);
  if (schema.const !== undefined) return text(schema.const);
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeName).join(" or ");
  if (schema.properties !== undefined || schema.oneOf !== undefined) return "mapping";
  return schema.type === "boolean" ? "`true` or `false`" : "text";
}

function fallback(schema: JsonSchema): string {
  const { default: value } = schema;
  const isEmptyMapping = typeof value === "object" && JSON.stringify(value) === "{}";
  return value === undefined || isEmptyMapping ? "" : text(value);
}

/** A value as it can be written in the config. */
function text(value: unknown): string {
  return `\`${typeof value === "string" ? value : flow(value)}\``;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`).join(", ")} }`;
}

function words(all: readonly string[]): string {
  return all.map((word) => `\`${word}\``).join(", ");
}

function nestedMapping(schema: JsonSchema): JsonSchema | undefined {
  const inner = schema.items ?? schema;
  if (inner.oneOf !== undefined) return mergeKinds(inner.oneOf);
  return [inner, ...inner.anyOf ?? []].find((branch) => branch.properties !== undefined);
}

/** One mapping that tells of several kinds; what not all have says whose it is, and is needed if those need it. */
function mergeKinds(kinds: readonly JsonSchema[]): JsonSchema {
  const keys = [...new Set(kinds.flatMap((kind) => Object.keys(kind.properties ?? {})))];
  const owners = (key: string): JsonSchema[] =>
    kinds.filter((kind) => Object.hasOwn(kind.properties ?? {}, key));
  return {
    properties: Object.fromEntries(keys.map((key) => [key, mergeKey(key, owners(key), kinds)])),
    required: keys.filter((key) => owners(key).every((kind) => kind.required?.includes(key) ?? false)),
  };
}

function mergeKey(key: string, owners: readonly JsonSchema[], kinds: readonly JsonSchema[]): JsonSchema {
  const all = owners.flatMap((kind) => kind.properties?.[key] ?? []);
  const [first = {}] = all;
  if (first.const !== undefined) {
    const description = all.map((each) => `\`${each.const}\`: ${each.description ?? ""}`).join(" ");
    return { enum: all.map((each) => each.const), description };
  }
  if (owners.length === kinds.length) return first;
  const names = owners.flatMap((kind) => Object.values(kind.properties ?? {}).map((each) => each.const))
    .filter((name) => name !== undefined);
  return { ...first, description: `Of ${words(names.map(String))}: ${lowerFirst(first.description ?? "")}` };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

if (import.meta.main) {
  Deno.writeTextFileSync(new URL("../docs/configuration.md", import.meta.url), reference());
}
