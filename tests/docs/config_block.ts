import { parse } from "@std/yaml/parse";
import { configJsonSchema, type JsonSchema } from "../../lib/config/mod.ts";
import type { Block } from "./markdown.ts";

const SCHEMA: JsonSchema = configJsonSchema();
const ROOT_KEYS = new Set(Object.keys(SCHEMA.properties ?? {}));
const APP_KEYS = new Set(Object.keys(SCHEMA.properties?.apps?.items?.properties ?? {}));

/** What completes a fragment of a config. */
const APP_LINES = "  - name: docs\n";
const SOME_PORTS = "    ports: [8080]\n";
const SOME_TARGETS = '    targets: ["127.0.0.1:3000"]\n';

/** A fragment that nothing could be made of. */
export class FragmentError extends Error {
  override readonly name = "FragmentError";
}

/** Whether a block is a config of ours: `yaml` alone, or followed by the name of its file (`yaml config.yaml`). */
export function isConfigBlock({ language, info }: Block): boolean {
  return (language === "yaml" || language === "yml") && (info[0] === undefined || info[0].includes("."));
}

/**
 * Makes a whole config of a block: of keys of the top level, of those of one app, or of a list of apps.
 *
 * @throws {FragmentError} where it is none of these.
 */
export function completeConfig(text: string): string {
  const value = parse(text);
  if (Array.isArray(value)) return `apps:\n${indent(text, "  ")}`;
  if (typeof value !== "object" || value === null) {
    throw new FragmentError("it is no mapping and no list");
  }
  const keys = Object.keys(value).filter((key) => !key.startsWith("x-"));
  if (keys.every((key) => ROOT_KEYS.has(key))) {
    const isWhole = keys.includes("apps") || keys.includes("include");
    return isWhole ? text : `${text}\napps:\n${APP_LINES}${SOME_PORTS}${SOME_TARGETS}`;
  }
  if (keys.every((key) => APP_KEYS.has(key))) {
    const name = keys.includes("name") ? "  -\n" : APP_LINES;
    const ports = keys.includes("ports") || keys.includes("listen") ? "" : SOME_PORTS;
    const targets = keys.includes("targets") || keys.includes("routes") ? "" : SOME_TARGETS;
    return `apps:\n${name}${ports}${targets}${indent(text, "    ")}`;
  }
  const unknown = keys.filter((key) => !ROOT_KEYS.has(key) && !APP_KEYS.has(key));
  throw new FragmentError(
    unknown.length > 0
      ? `a config has no key ${unknown.map((key) => `"${key}"`).join(", ")}`
      : "it mixes keys of the top level with those of an app",
  );
}

function indent(text: string, by: string): string {
  return text.replaceAll(/^(?=.)/gm, by);
}

/** The files that a config names, by what they hold. */
export interface NamedFiles {
  readonly certificates: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  readonly tokens: ReadonlySet<string>;
  /** Others that are read or written: logs. */
  readonly others: ReadonlySet<string>;
}

const CERTIFICATE_KEYS = new Set(["cert", "ca", "client_ca"]);

/** Finds the paths in a config, wherever they stand. */
export function namedFiles(text: string): NamedFiles {
  const [certificates, keys, tokens, others] = [0, 1, 2, 3].map(() => new Set<string>());
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner !== "string") visit(inner);
      else if (CERTIFICATE_KEYS.has(key)) certificates?.add(inner);
      else if (key === "key") keys?.add(inner);
      else if (key === "token_file") tokens?.add(inner);
      else if (key === "access" && inner.includes("/") && !inner.startsWith("/dev/")) others?.add(inner);
    }
  };
  visit(parse(text));
  const none = new Set<string>();
  return {
    certificates: certificates ?? none,
    keys: keys ?? none,
    tokens: tokens ?? none,
    others: others ?? none,
  };
}
