import { PLAIN_DIAL, PLAIN_LISTEN } from "../base/mod.ts";
import { engineOf } from "./engine.ts";
import type { AppConfig, Config } from "./model/config.ts";
import { effectiveSockets } from "./resolve/sockets.ts";

/** The options of an app's sockets where its config sets none of those that only the native engine has. */
const PLAIN = effectiveSockets({ listenSockets: PLAIN_LISTEN, dialSockets: PLAIN_DIAL });

/**
 * Finds the options of an app that need sockets by the kernel's own calls, in a config that may be served by the
 * runtime's: the key and the message for each. With `engine: auto` a config must not depend on the machine that it is read
 * on.
 */
export function unsupportedKeys(app: AppConfig, config: Config): { key: string; message: string }[] {
  if (engineOf(config) === "native") return [];
  const own = effectiveSockets(app);
  const keys = Object.keys(own).filter((key) => own[key] !== PLAIN[key]);
  const sockets = socketsOf(config);
  return [
    ...typeof app.keepalive === "object"
      ? [{
        key: "keepalive",
        message: `${sockets} probe at the system's times; set "engine: native" at the top of the config, ` +
          `or "keepalive: true"`,
      }]
      : [],
    ...keys.map((key) => ({
      key,
      message: `${sockets} do not have this option; set "engine: native" at the top of the config, ` +
        `or remove "${key}"`,
    })),
  ];
}

/** Begins a message about what the config's sockets lack. */
export function socketsOf({ engine }: Pick<Config, "engine">): string {
  const sockets = "the runtime's sockets";
  return engine === "auto" ? `${sockets}, to which "engine: auto" may fall back,` : sockets;
}
