import { formatAddress, formatIp, isLoopback, parseIp, type TcpAddress, unmapIp } from "../../base/mod.ts";

/** The headers in which a browser identifies the origin of a request; `undefined` where absent. */
export interface Sender {
  /** The `Host` header. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** The `Sec-Fetch-Site` header. */
  readonly fetchSite: string | undefined;
}

/**
 * Returns why a request may come from another site's page in a browser on this machine; `undefined` where it does
 * not. A page can send requests to any address, and through a host name of its own that resolves here (DNS rebinding)
 * it can read the responses too. It cannot choose these headers.
 *
 * Accepted in `Host`: this machine's own names (`localhost`, a loopback address) and the listen address; with a
 * wildcard, every IP address, as no page can use an address as its name.
 */
export function crossSiteReason(sender: Sender, listen: TcpAddress): string | undefined {
  const { host, origin, fetchSite } = sender;
  if (host !== undefined && !isOwn(hostOf(host), listen)) {
    return `the request is for host "${host}"; expected "${formatAddress(listen)}" or a loopback address`;
  }
  if (fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none") {
    return `request from a page of another site (Sec-Fetch-Site: ${fetchSite})`;
  }
  if (origin !== undefined && (host === undefined || authorityOf(origin) !== authorityOf(`http://${host}`))) {
    return `request from a page of "${origin}", which is another site`;
  }
  return undefined;
}

function isOwn(host: string | undefined, listen: TcpAddress): boolean {
  if (host === undefined) return false;
  if (isLoopback(host) || host === canonical(listen.host)) return true;
  if (listen.name !== undefined && host === canonical(listen.name)) return true;
  return (listen.host === "::" || listen.host === "0.0.0.0") && parseIp(host) !== undefined;
}

/** Returns the host of a `Host` header in canonical form; `undefined` where it is invalid. */
function hostOf(header: string): string | undefined {
  const url = parseUrl(`http://${header}`);
  return url && canonical(url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, ""));
}

function authorityOf(origin: string): string | undefined {
  return parseUrl(origin)?.host;
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function canonical(host: string): string {
  const bytes = parseIp(host);
  return bytes === undefined ? host.toLowerCase() : formatIp(unmapIp(bytes));
}
