import { PLAIN_DIAL, PLAIN_LISTEN } from "../base/mod.ts";
import { engineOf } from "./engine.ts";
import type { AppConfig, Config } from "./model/config.ts";
import { effectiveSockets } from "./resolve/sockets.ts";

/** The options of an app's sockets where its config sets none of those that only the native engine has. */
const PLAIN = effectiveSockets({ listenSockets: PLAIN_LISTEN, dialSockets: PLAIN_DIAL });

/**
 * Finds the options of an app that need sockets by the kernel's own calls, in a config whose engine is the runtime: the
 * key and the message for each.
 */
export function unsupportedKeys(app: AppConfig, config: Config): { key: string; message: string }[] {
  if (engineOf(config) === "native") return [];
  const own = effectiveSockets(app);
  const keys = Object.keys(own).filter((key) => own[key] !== PLAIN[key]);
  const engine = config.engine === "auto" ? `"engine: auto" is the runtime here` : `"engine" is runtime`;
  return [
    ...typeof app.keepalive === "object"
      ? [{
        key: "keepalive",
        message: `the runtime's sockets probe at the system's times, and ${engine}; ` +
          `set "engine: native" at the top of the config, or "keepalive: true"`,
      }]
      : [],
    ...keys.map((key) => ({
      key,
      message: `the runtime's sockets do not have this option, and ${engine}; ` +
        `set "engine: native" at the top of the config, or remove "${key}"`,
    })),
  ];
}
