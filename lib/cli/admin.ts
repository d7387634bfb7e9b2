import { errorMessage, formatAddress } from "../base/mod.ts";
import type { AdminConfig } from "../config/mod.ts";
import type { Logger } from "../log/mod.ts";
import { type ProxyControl, StartError } from "../proxy/mod.ts";
import { Episode, schedule } from "./_episode.ts";
import type { ConfigReloads } from "./config_reloads.ts";
import { VERSION } from "./version.ts";

/** The admin API as whoever runs a proxy leads it. */
export interface Admin {
  /** The proxy is there, and all its listeners are bound. */
  attach(proxy: ProxyControl): void;
  /** The proxy is about to end. */
  drain(): void;
  close(): Promise<void>;
}

/** What there is where a config has no admin API. */
export const NO_ADMIN: Admin = { attach: () => {}, drain: () => {}, close: () => Promise.resolve() };

/** The admin API is well again when it was for this long. */
const SETTLE_MS = 5000;

/**
 * Opens the admin API, where the config has one. Nothing of it is loaded where it has none.
 *
 * @throws {StartError} when its address cannot be bound, or its token not be read.
 */
export async function openAdmin(
  config: AdminConfig | undefined,
  { log, reloads }: { readonly log: Logger; readonly reloads: ConfigReloads },
): Promise<Admin> {
  if (config === undefined) return NO_ADMIN;
  const { listen, tokenFile } = config;
  const { AdminServer, readToken, TokenError } = await import("../admin/mod.ts");
  const failing = new Episode<string>({
    settleMs: SETTLE_MS,
    schedule,
    onBegin: (error) =>
      log.warning("the admin API drops its connections and opens again: {error}", {
        error: errorMessage(error),
      }),
    onEnd: () => log.info("the admin API answers again"),
  });
  try {
    const server = AdminServer.open({
      listen,
      token: tokenFile === undefined ? undefined : await readToken(tokenFile),
      version: VERSION,
      reloads: {
        reload: () => reloads.reload("admin API"),
        plan: (config) => reloads.plan(config),
      },
      observer: {
        adminFailing: (error) => failing.begin("", error),
        adminRecovered: () => failing.end(""),
        defect: (error) =>
          log.error("internal error: {error}", {
            error: errorMessage(error),
            stack: error instanceof Error ? error.stack : undefined,
          }),
      },
    });
    log.info(
      `the admin API is on http://{address}, ${
        tokenFile === undefined ? "for everyone on this machine" : "for whoever has the token"
      }`,
      { address: formatAddress(server.address) },
    );
    return {
      attach: (proxy) => server.attach(proxy),
      drain: () => server.drain(),
      close: async () => {
        failing.close();
        await server.close();
      },
    };
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new StartError(`start admin: ${error.message}`, { cause: error });
  }
}
