import type { AppConfig, RouteConfig } from "../config/parsed.ts";
import { AccessList } from "../limits/mod.ts";
import { RouteTable } from "../routing/mod.ts";

/** Returns the app's access list; `undefined` where everyone may connect. */
export function accessOf({ allow, deny }: AppConfig): AccessList | undefined {
  return allow.length + deny.length > 0 ? new AccessList({ allow, deny }) : undefined;
}

/** Returns a route's name for messages: its position in the config, and its rules. */
export function routeName(index: number, { sni, alpn }: RouteConfig): string {
  const rules = [
    ...(sni.length > 0 ? [`sni ${sni.join("|")}`] : []),
    ...(alpn.length > 0 ? [`alpn ${alpn.join("|")}`] : []),
  ];
  return `routes[${index}] (${rules.length === 0 ? "every connection" : rules.join(", ")})`;
}

/**
 * Returns the app's routes with the values that `valueOf` gives them; `undefined` where it has none.
 *
 * @throws {RouteError} at the first invalid pattern or protocol.
 */
export function routesOf<T>(
  { routes }: AppConfig,
  valueOf: (route: RouteConfig) => T,
): RouteTable<T> | undefined {
  if (routes.length === 0) return undefined;
  return new RouteTable(routes.map((route) => ({
    ...(route.sni.length > 0 ? { sni: route.sni } : {}),
    ...(route.alpn.length > 0 ? { alpn: route.alpn } : {}),
    value: valueOf(route),
  })));
}
