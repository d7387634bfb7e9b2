import type { AppConfig } from "../../config/parsed.ts";
import type { OwnListener } from "../../dial/mod.ts";
import type { ListenerInfo } from "../status/runtime_snapshot.ts";

/** The listeners that are bound, as dials may arrive at them. */
export function ownListeners(bound: readonly ListenerInfo[], apps: readonly AppConfig[]): OwnListener[] {
  const selective = new Set(apps.filter(isSelective).map(({ name }) => name));
  return bound.map(({ app, address }) => ({ app, address, isSelective: selective.has(app) }));
}

/** Whether connections to the app may go different ways. */
function isSelective({ routes }: AppConfig): boolean {
  return routes.some(({ sni, alpn }) => sni.length > 0 || alpn.length > 0);
}
