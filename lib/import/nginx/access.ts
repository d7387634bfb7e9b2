import { readBlock } from "../blocks.ts";
import type { Notes } from "../note.ts";
import type { YamlMap } from "../yaml_map.ts";
import type { Directive } from "./directives.ts";

/** Sets `allow` and `deny` of an app from nginx's, of which the first that fits decides. */
export function setAccess(app: YamlMap, rules: readonly Directive[], notes: Notes): void {
  const allow: string[] = [];
  const deny: string[] = [];
  for (const { name, args: [text = ""], line } of rules) {
    if (name !== "allow" && name !== "deny") continue;
    if (text === "all") {
      finish(app, { allow, deny, isOpen: name === "allow", line, notes });
      return;
    }
    if (text === "unix:") {
      notes.leftOut(line, `${name} unix: clients of unix sockets are let in by the file's mode`);
      continue;
    }
    const block = readBlock(text);
    if (block === undefined) notes.leftOut(line, `${name} ${text}: expected an IP address or a block`);
    else {
      if (name === "deny" && allow.length > 0) {
        notes.changed(line, `deny ${text}: it wins over every "allow" here, whatever their order`);
      }
      (name === "allow" ? allow : deny).push(block);
    }
  }
  finish(app, { allow, deny, isOpen: true, line: 0, notes });
}

function finish(
  app: YamlMap,
  { allow, deny, isOpen, line, notes }: {
    readonly allow: readonly string[];
    readonly deny: readonly string[];
    readonly isOpen: boolean;
    readonly line: number;
    readonly notes: Notes;
  },
): void {
  // What is allowed by name is nothing special where everything else is, too.
  if (!isOpen && allow.length > 0) app.set("allow", allow);
  if (!isOpen && allow.length === 0) {
    notes.leftOut(line, 'deny all: everybody would be refused; name who may come in with "allow"');
  }
  if (deny.length > 0) app.set("deny", deny);
}
