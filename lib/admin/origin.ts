import { formatAddress, formatIp, isLoopback, parseIp, type TcpAddress, unmapIp } from "../base/mod.ts";

/** What a browser says of who sends a request; `undefined` where it says nothing. */
export interface Sender {
  /** The `Host` header. */
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** The `Sec-Fetch-Site` header. */
  readonly fetchSite: string | undefined;
}

/**
 * Why a request may be the work of a page from elsewhere that a browser on this machine has open; `undefined` where it
 * is not. A page can send requests to any address, and by a name of its own that leads here (DNS rebinding) it can read
 * the answers too. It cannot choose these headers.
 *
 * Names in `Host` are this machine's own (`localhost`, a loopback address) and the address that is listened on; where
 * that is a wildcard, every IP address, as no page can have an address for its name.
 */
export function foreignBecause(sender: Sender, listen: TcpAddress): string | undefined {
  const { host, origin, fetchSite } = sender;
  if (host !== undefined && !isOwn(hostOf(host), listen)) {
    return `the request is for the host "${host}", "${
      formatAddress(listen)
    }" or a loopback address was wanted`;
  }
  if (fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none") {
    return `the request is sent by a page of another site (Sec-Fetch-Site: ${fetchSite}), one of its own was wanted`;
  }
  if (origin !== undefined && (host === undefined || authorityOf(origin) !== authorityOf(`http://${host}`))) {
    return `the request is sent by a page of "${origin}", one of its own was wanted`;
  }
  return undefined;
}

function isOwn(host: string | undefined, listen: TcpAddress): boolean {
  if (host === undefined) return false;
  if (isLoopback(host) || host === canonical(listen.host)) return true;
  if (listen.name !== undefined && host === canonical(listen.name)) return true;
  return (listen.host === "::" || listen.host === "0.0.0.0") && parseIp(host) !== undefined;
}

/** The name or number in a `Host` header, in its one spelling; `undefined` for what is none. */
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
