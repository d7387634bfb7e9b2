import { errorMessage, formatAddress, type TcpAddress } from "../../base/mod.ts";
import type { AdminServer } from "../../admin/mod.ts";
import type { AdminConfig } from "../../config/mod.ts";
import {
  type AccessLog,
  type AccessRecord,
  droppedLogLines,
  type Feed,
  type Logger,
  logLines,
} from "../../log/mod.ts";
import type { UpgradeResult } from "../handover/upgrades.ts";
import type { PassedSocket, Transport } from "../../net/mod.ts";
import { type ProxyControl, StartError } from "../../proxy/mod.ts";
import { Episode, schedule } from "./logging/episode.ts";
import type { ConfigReloads } from "./config_reloads.ts";
import { VERSION } from "../version.ts";

/** The admin API during the life of a proxy. */
export interface Admin {
  /** The proxy is there, and all its listeners are bound. */
  attach(proxy: ProxyControl): void;
  /** The proxy is about to end, then at the latest where there is a limit. */
  drain(deadline: Date | undefined): void;
  close(): Promise<void>;
  /** Its sockets that another process can be given. */
  sockets(): readonly PassedSocket[];
  /** Accepts nothing more, as another process does on the same sockets; what is open goes on. */
  leave(): Promise<void>;
}

/** The admin API of a config without one: does nothing. */
export const NO_ADMIN: Admin = {
  attach: () => {},
  drain: () => {},
  close: () => Promise.resolve(),
  sockets: () => [],
  leave: () => Promise.resolve(),
};

/** What the admin API is to show, and where it logs. */
export interface AdminParts {
  readonly log: Logger;
  readonly access: Pick<AccessLog, "droppedLines">;
  readonly reloads: ConfigReloads;
  /** What it listens with; default the runtime's sockets. */
  readonly transport?: Transport | undefined;
  /** Sessions that have ended. */
  readonly sessions: Feed<AccessRecord>;
  /** When it begins to accept; default at once. */
  readonly mayAccept?: Promise<void> | undefined;
  /** Has the process end as at SIGTERM. */
  requestDrain(): void;
  /** Has another process take over. */
  upgrade(): Promise<UpgradeResult>;
}

/** The admin API is well again when it was for this long. */
const SETTLE_MS = 5000;

/**
 * Opens the admin API, where the config has one. Nothing of it is loaded where it has none.
 *
 * @param addresses where it listens: all that its `listen` stands for.
 * @throws {StartError} when an address cannot be bound, or its token not be read.
 */
export async function openAdmin(
  config: AdminConfig | undefined,
  addresses: readonly TcpAddress[],
  { log, access, reloads, sessions, transport, mayAccept, requestDrain, upgrade }: AdminParts,
): Promise<Admin> {
  if (config === undefined) return NO_ADMIN;
  const { tokenFile } = config;
  const { AdminServer: Server, EventHub, readToken, TokenError } = await import("../../admin/mod.ts");
  const failing = new Episode<string>({
    settleMs: SETTLE_MS,
    schedule,
    onBegin: (error) =>
      log.warning("the admin API drops its connections and tries again: {error}", {
        error: errorMessage(error),
      }),
    onEnd: () => log.info("the admin API answers again"),
  });
  const defect = (error: unknown): void =>
    log.error("internal error: {error}", {
      error: errorMessage(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  const events = new EventHub({ sessions, lines: logLines, onDefect: defect });
  const servers: AdminServer[] = [];
  const close = async (): Promise<void> => {
    failing.close();
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
    const whom = tokenFile === undefined ? "for everyone on this machine" : "for anyone with the token";
    for (const listen of addresses) {
      const place = formatAddress(listen);
      servers.push(Server.open({
        listen,
        transport,
        mayAccept,
        token,
        version: VERSION,
        droppedLines: () => ({ access: access.droppedLines, operational: droppedLogLines() }),
        reloads: {
          get state() {
            return reloads.state;
          },
          reload: () => reloads.reload("admin API"),
          plan: (config) => reloads.plan(config),
        },
        requestDrain,
        upgrade,
        observer: {
          adminFailing: (error) => failing.begin(place, error),
          adminRecovered: () => failing.end(place),
          captureBegan: (what, caller) =>
            log.info("capture of {what} for {caller}", {
              what,
              caller: caller === undefined ? "an unknown caller" : formatAddress(caller),
            }),
          tokensGuessed: (caller) =>
            log.warning("the admin API got 10 wrong tokens from {caller}, which now has to wait", {
              caller: caller === undefined ? "an unknown caller" : formatAddress(caller),
            }),
          operated: (what) => log.info("admin API: {what}", { what }),
          captureEnded: (what, { end, sessions, packets, dropped, bytes }) =>
            log.info(
              "capture of {what} ended: {end}; connections: {sessions}, packets: {packets}, dropped: {dropped}, bytes: {bytes}",
              { what, end, sessions, packets, dropped, bytes },
            ),
          defect,
        },
        events,
      }));
    }
    for (const { address } of servers) {
      log.info(`the admin API is on http://{address}, ${whom}`, { address: formatAddress(address) });
    }
    return {
      attach: (proxy) => {
        for (const server of servers) server.attach(proxy);
      },
      drain: (deadline) => {
        for (const server of servers) server.drain(deadline);
      },
      close,
      sockets: () => servers.flatMap(({ socket }) => socket ?? []),
      leave: async () => {
        await Promise.all(servers.map((server) => server.leave()));
      },
    };
  } catch (error) {
    await close();
    if (!(error instanceof TokenError)) throw error;
    throw new StartError(`start admin: ${error.message}`, { cause: error });
  }
}
