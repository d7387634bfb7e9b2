import { type Address, formatAddress } from "../../base/mod.ts";
import type { Config } from "../../config/parsed.ts";
import { StartError } from "../start_error.ts";

/** Listening sockets that this process was started with, by the names that a config has for them. */
export interface PassedSockets {
  /** The addresses of the sockets of this name; empty for none. */
  named(name: string): readonly Address[];
  /** Why there is no socket of a name, and what to do. */
  readonly missing: string;
}

/**
 * Replaces each `systemd:NAME` of a config by the addresses of the sockets of this name.
 *
 * @throws {StartError} when there is none, or one of them is listened on by another entry too.
 */
export function resolvePassedSockets(config: Config, passed: PassedSockets): Config {
  if (config.apps.every(({ sockets }) => sockets.length === 0)) return config;
  const holders = new Map<string, string>();
  const { admin } = config;
  if (admin !== undefined) holders.set(formatAddress(admin.listen), "the admin API");
  for (const { name, listen } of config.apps) {
    for (const address of listen) holders.set(formatAddress(address), `app "${name}"`);
  }
  const apps = config.apps.map((app) => {
    const found = app.sockets.flatMap((name) => {
      const who = `start app "${app.name}": listen on systemd:${name}`;
      const addresses = passed.named(name);
      if (addresses.length === 0) throw new StartError(`${who}: ${passed.missing}`);
      for (const address of addresses) {
        const text = formatAddress(address);
        const holder = holders.get(text);
        if (holder !== undefined) {
          throw new StartError(`${who}: ${holder} listens on its address ${text} too; remove one of them`);
        }
        holders.set(text, `app "${app.name}"`);
      }
      return addresses;
    });
    return { ...app, listen: [...app.listen, ...found], sockets: [] };
  });
  return { ...config, apps };
}
