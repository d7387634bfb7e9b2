import { hoistShared } from "./hoist.ts";
import type { Notes } from "./note.ts";
import type { Translation } from "./translation.ts";
import { NATIVE_KEYS } from "./source.ts";
import { writeYaml } from "./write_yaml.ts";
import { YamlMap } from "./yaml_map.ts";

/** In the order in which they are written. */
const TOP_KEYS = ["engine", "workers", "log", "admin", "shutdown"];

/** The parts of a translation. */
export interface TranslationParts {
  /** The program whose config it was. */
  readonly program: string;
  readonly file: string;
  readonly top: YamlMap;
  readonly apps: readonly YamlMap[];
  readonly notes: Notes;
  /** What the original allows the whole process. */
  readonly maxConnections?: number | undefined;
}

/** Puts a translation together: what all apps share goes into `defaults`. */
export function assemble(
  { program, file, top, apps, notes, maxConnections }: TranslationParts,
): Translation {
  const shared = hoistShared(apps);
  const whole = new YamlMap();
  whole.comments.push(
    `Translated from ${program}'s ${file} by tcpproxy import. Every key: docs/configuration.md`,
  );
  const native = NATIVE_KEYS.find((key) => apps.some((app) => app.get(key) !== undefined));
  if (native !== undefined) top.set("engine", "native", `for "${native}"`);
  for (const key of TOP_KEYS) {
    const entry = top.entries.find((entry) => entry.key === key);
    whole.set(key, entry?.value, entry?.comment);
  }
  const { defaults } = shared;
  if (maxConnections !== undefined && defaults.get("max_connections") === undefined) {
    defaults.set("max_connections", maxConnections, "of the whole process in the original, of each app here");
  }
  if (defaults.size > 0) whole.set("defaults", defaults);
  whole.set("apps", shared.apps);
  return { yaml: writeYaml(whole), apps: apps.length, notes: notes.all() };
}
