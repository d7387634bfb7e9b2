import type { AppConfig, RouteConfig } from "../config/mod.ts";
import { AccessList } from "../limits/mod.ts";
import { RouteTable } from "../routing/mod.ts";

/** Who may come to the app; `undefined` for everyone. */
export function accessOf({ allow, deny }: AppConfig): AccessList | undefined {
  return allow.length + deny.length > 0 ? new AccessList({ allow, deny }) : undefined;
}

/** What a route is called: its place in the config, and what it wants. */
export function routeName(index: number, { sni, alpn }: RouteConfig): string {
  const rules = [
    ...(sni.length > 0 ? [`sni ${sni.join("|")}`] : []),
    ...(alpn.length > 0 ? [`alpn ${alpn.join("|")}`] : []),
  ];
  return `routes[${index}] (${rules.length === 0 ? "every connection" : rules.join(", ")})`;
}

/**
 * The app's routes, each leading to what `valueOf` makes of it; `undefined` where it has none.
 *
 * @throws {RouteError} at the first pattern or protocol that cannot be read.
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
