import type { Notes } from "../note.ts";
import type { Directive } from "./directives.ts";

/** Where a server listens, and what its listeners expect. */
export interface ListenDraft {
  readonly ports: (number | string)[];
  readonly listen: string[];
  isTls: boolean;
  acceptsProxy: boolean;
}

/** Parameters of `listen` without an effect here. */
const NOTHING_TO_DO =
  /^(?:reuseport|bind|default_server|deferred|backlog=.*|so_keepalive=(?:on|off)|ipv6only=.*|multipath)$/;

/** Reads the `listen` lines of a server. */
export function readListens(directives: readonly Directive[], notes: Notes): ListenDraft {
  const draft: ListenDraft = { ports: [], listen: [], isTls: false, acceptsProxy: false };
  for (const { args: [address = "", ...params], line } of directives) {
    if (params.includes("udp")) {
      notes.leftOut(line, `listen ${address} udp: this proxy passes on TCP alone`);
      continue;
    }
    for (const param of params) {
      if (param === "ssl") draft.isTls = true;
      else if (param === "proxy_protocol") draft.acceptsProxy = true;
      else if (!NOTHING_TO_DO.test(param)) {
        const remedy = /^fastopen=/.test(param)
          ? 'set "fast_open: { listen: true }"; it needs "engine: native"'
          : /^so_keepalive=/.test(param)
          ? 'set "keepalive: { idle, interval, count }"; it needs "engine: native"'
          : "the kernel's own setting is used";
        notes.leftOut(line, `listen … ${param}: ${remedy}`);
      }
    }
    addAddress(draft, address, { line, notes });
  }
  return draft;
}

function addAddress(
  draft: ListenDraft,
  text: string,
  { line, notes }: { readonly line: number; readonly notes: Notes },
): void {
  const unix = /^unix:(\/.+)$/.exec(text);
  const match = /^(?:([\w.*-]+|\[[0-9a-fA-F:.]+\]):)?(\d{1,5}(?:-\d{1,5})?)$/.exec(text);
  if (unix !== null) draft.listen.push(`unix:${unix[1]}`);
  else if (match === null) {
    notes.leftOut(line, `listen ${text}: no such address here; add one to "ports" or "listen"`);
  } else {
    const [, host = "*", port = ""] = match;
    if (host === "*" || host === "[::]") {
      const value = port.includes("-") ? port : Number(port);
      if (!draft.ports.includes(value)) draft.ports.push(value);
    } else draft.listen.push(`${host}:${port}`);
  }
}
