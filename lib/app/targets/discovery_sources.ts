import type { AppConfig, TargetConfig } from "../../config/parsed.ts";
import { type DiscoverySource, FileLookup, HttpLookup, type Lookup } from "../../pool/mod.ts";

/** A source of targets, with what a discovery of it needs. */
export interface FoundSource {
  readonly source: DiscoverySource | Lookup;
  readonly intervalMs: number;
  readonly timeoutMs?: number;
}

/** Returns the source of an entry of `targets`; `undefined` for a target that is what it is. */
export function sourceOf({ address, discover }: TargetConfig, app: AppConfig): FoundSource | undefined {
  if (discover === undefined || address.kind !== "tcp") return undefined;
  const { host, port } = address;
  const { intervalMs, timeoutMs, ca, tokenFile } = app.discovery;
  switch (discover) {
    case "dns":
      return { source: { kind: "dns", host, port }, intervalMs: app.dns.intervalMs };
    case "srv":
      return { source: { kind: "srv", name: host }, intervalMs: app.dns.intervalMs };
    case "file":
      return { source: new FileLookup(host), intervalMs };
    case "http":
      return { source: new HttpLookup(host, { ca, tokenFile, intervalMs }), intervalMs, timeoutMs };
  }
}

/** Identifies an entry's source, so that a reload can keep a discovery of the same one. */
export function sourceKey({ label, discover }: TargetConfig, { dns, discovery }: AppConfig): string {
  const { intervalMs, timeoutMs, ca, tokenFile } = discovery;
  const settings = discover === "file"
    ? [intervalMs]
    : discover === "http"
    ? [intervalMs, timeoutMs, ca, tokenFile]
    : [dns.nameserver, String(dns.intervalMs)];
  return JSON.stringify([label, discover, settings]);
}
