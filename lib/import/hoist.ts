import { plain, YamlMap } from "./yaml_map.ts";

/** What all apps of a translation often share. */
const SHARED = [
  "connect_timeout",
  "connect_deadline",
  "idle_timeout",
  "half_close_timeout",
  "queue_timeout",
  "dns",
  "passive_health",
  "max_connections",
];

/** Moves what every app says alike into `defaults`; of one app nothing. */
export function hoistShared(apps: readonly YamlMap[]): { defaults: YamlMap; apps: YamlMap[] } {
  const defaults = new YamlMap();
  const [first, ...others] = apps;
  if (first === undefined || others.length === 0) return { defaults, apps: [...apps] };
  for (const key of SHARED) {
    const value = first.get(key);
    if (value === undefined) continue;
    const text = JSON.stringify(plain(value));
    const isShared = others.every((app) => {
      const own = app.get(key);
      return own !== undefined && JSON.stringify(plain(own)) === text;
    });
    if (isShared) defaults.set(key, value, first.entries.find((entry) => entry.key === key)?.comment);
  }
  return {
    defaults,
    apps: apps.map((app) => {
      const rest = new YamlMap();
      rest.comments.push(...app.comments);
      for (const { key, value, comment } of app.entries) {
        if (defaults.get(key) === undefined) rest.set(key, value, comment);
      }
      return rest;
    }),
  };
}
