/**
 * Routes by protocol where TLS ends here: they go by what is agreed on, and that is only what is offered.
 *
 * @module
 */

import { Defaults } from "../../schema/app/app.ts";
import { asList, asMapping, parsed, type Raw } from "../raw.ts";
import { Route } from "../../schema/app/route.ts";
import { offeredProtocols } from "../../schema/app/starttls.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** Checks that each route by protocol has one that is offered. */
export function checkProtocols(app: Raw, path: Path, defaults: Raw): Problem[] {
  return routesByProtocol(app, path, defaults).flatMap(({ at, asked, offered }) => {
    if (asked.some((protocol) => offered.includes(protocol))) return [];
    const offer = offered.length === 0 ? "no protocol" : `no other protocol than ${offered.join(", ")}`;
    const message = `the route never matches, as "tls" offers ${offer}; ` +
      `add ${asked.join(" or ")} to its "alpn"`;
    return [{ path: at, message }];
  });
}

/** Protocols of a route that are never agreed on, beside others that are. */
export function idleProtocols(app: Raw, path: Path, defaults: Raw): Problem[] {
  return routesByProtocol(app, path, defaults).flatMap(({ at, asked, offered }) => {
    if (!asked.some((protocol) => offered.includes(protocol))) return [];
    return asked.flatMap((protocol, index) => {
      if (offered.includes(protocol)) return [];
      const message = `the protocol is never agreed on, as "tls" offers ${offered.join(", ")} only; ` +
        `remove it, or add it to the "alpn" of "tls"`;
      return [{ path: [...at, index], message }];
    });
  });
}

interface ByProtocol {
  readonly at: Path;
  readonly asked: readonly string[];
  readonly offered: readonly string[];
}

function routesByProtocol(app: Raw, path: Path, defaults: Raw): ByProtocol[] {
  const tls = parsed(Defaults.shape.tls, app.tls ?? defaults.tls) ?? "off";
  if (tls === "off") return [];
  const starttls = parsed(Defaults.shape.starttls, app.starttls ?? defaults.starttls) ?? "off";
  const offered = offeredProtocols(tls.alpn, starttls);
  return asList(app.routes).flatMap((route, index) => {
    const asked = parsed(Route.shape.alpn, asMapping(route).alpn);
    return asked === undefined ? [] : [{ at: [...path, "routes", index, "alpn"], asked, offered }];
  });
}
