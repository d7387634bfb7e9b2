import { parseIp } from "../base/mod.ts";
import type { Notes } from "./note.ts";
import type { YamlMap } from "./yaml_map.ts";

/** Keys that only the native engine has, of those that a translation may use. */
export const NATIVE_KEYS: readonly string[] = ["source", "transparent"];

/** Says from which address targets are dialed: one of this machine's, or the client's own. */
export function setSource(
  options: YamlMap,
  { address, isClient, line, notes }: {
    readonly address: string;
    readonly isClient: boolean;
    readonly line: number;
    readonly notes: Notes;
  },
): void {
  const host = address.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^([\d.]+):\d+(?:-\d+)?$/, "$1");
  if (isClient) options.set("transparent", true);
  else if (parseIp(host) !== undefined && !/^(?:0\.0\.0\.0|::)$/.test(host)) options.set("source", [host]);
  else {
    notes.leftOut(line, `the source address ${address}: set "source" to addresses of this machine`);
    return;
  }
  notes.changed(
    line,
    `${
      isClient ? '"transparent"' : '"source"'
    } needs the native engine (Linux): "engine: native" is set; see docs/native-engine.md`,
  );
}
