/**
 * Addresses copied from a browser or another config, and the part of them that is expected.
 *
 * @module
 */

const URL_SHAPE = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(?:\[([^\]]*)\]|([^/:?#]*))(?::(\d+))?/i;

/** The ports that schemes imply. */
const PORTS: ReadonlyMap<string, string> = new Map([
  ["http", "80"],
  ["ws", "80"],
  ["https", "443"],
  ["wss", "443"],
]);

/** The address to write in place of a URL, as far as it says it; `undefined` for any other text. */
export function addressInUrl(text: string): string | undefined {
  const match = URL_SHAPE.exec(text);
  if (match === null) return undefined;
  const [, scheme = "", ip, name = "", port = PORTS.get(scheme.toLowerCase()) ?? "port"] = match;
  if (ip !== undefined) return `[${ip}]:${port}`;
  return name === "" ? "host:port" : `${name}:${port}`;
}

/** The part of a text beyond the host, and the host; `undefined` for a host alone. */
export function moreThanHost(text: string): { readonly what: string; readonly host: string } | undefined {
  const url = URL_SHAPE.exec(text);
  if (url !== null) return { what: "is a URL", host: url[2] ?? url[3] ?? "" };
  const [, host, port] = /^\[(.*)\](?::(\d+|\*))?$/.exec(text) ?? /^([^:]+):(\d+|\*)$/.exec(text) ?? [];
  if (host === undefined) return undefined;
  return { what: port === undefined ? "stands in brackets" : "has a port", host };
}
