import { Names } from "../names.ts";
import { Notes } from "../note.ts";
import { assemble } from "../assemble.ts";
import type { Translation } from "../translation.ts";
import { type BackendDraft, readBackend } from "./backend/backend.ts";
import { appsOf, type FrontendContext } from "./frontend/frontend.ts";
import { readGlobal } from "./global.ts";
import { remedyFor } from "./keywords.ts";
import type { ConfigLine } from "./lines.ts";
import { lastLine, modeOf, readSections, type Section } from "./sections.ts";

/** Sections that are read elsewhere, or mean nothing without those that use them. */
const KNOWN_KINDS = new Set(["global", "defaults", "frontend", "backend", "listen", "resolvers"]);

/** What to do in place of a section. */
const SECTION_REMEDIES: Readonly<Record<string, string>> = {
  peers: "clients keep their target on every replica by hash, without an exchange",
  mailers: "alerts come from Prometheus: deploy/prometheus/ has rules",
  userlist: "the admin API has a token (admin.token_file)",
  program: "run it with the service manager",
  ring: "logs go to stdout, a file, syslog or the journal",
  ["log-forward"]: "it receives logs; keep HAProxy, or a syslog server, for that",
};

/** Translates an HAProxy config. Reads any text; `file` is its name, for comments. */
export function translateHaproxy(text: string, file: string): Translation {
  const notes = new Notes();
  const sections = readSections(text);
  const { top, paths, maxConnections } = readGlobal(sections.filter(({ kind }) => kind === "global"), notes);
  const backends = new Map<string, BackendDraft>();
  const context: FrontendContext = {
    file,
    names: new Names(),
    notes,
    paths,
    resolvers: sections.filter(({ kind }) => kind === "resolvers"),
    backend: (name) => {
      const known = backends.get(name);
      if (known !== undefined) return known;
      const section = sections.find((each) =>
        (each.kind === "backend" || each.kind === "listen") && each.name === name
      );
      if (section === undefined) return undefined;
      const draft = readBackend(section, { notes, paths });
      backends.set(name, draft);
      return draft;
    },
  };
  const apps = sections.flatMap((section) => {
    if (section.kind !== "frontend" && section.kind !== "listen") return [];
    if (modeOf(section) !== "tcp") {
      notes.leftOut(section.line, httpRemedy(section));
      return [];
    }
    if (isDisabled(section)) {
      notes.leftOut(section.line, `${section.kind} ${section.name}: it is disabled`);
      return [];
    }
    const own = section.kind === "listen" ? readBackend(section, { notes, paths }) : undefined;
    return appsOf(section, own, context);
  });
  noteLines(sections, notes);
  noteUnused(sections, notes);
  return assemble({ program: "HAProxy", file, top, apps, notes, maxConnections });
}

function isDisabled({ lines }: Section): boolean {
  return lines.some(({ words }) => words[0] === "disabled");
}

function httpRemedy(section: Section): string {
  const what = `${section.kind} ${section.name}: mode ${modeOf(section)}`;
  if (section.lines.some(({ words }) => words[0] === "stats")) {
    return `${what}: set "admin: {}" for a dashboard, metrics and the state of every target`;
  }
  return `${what}: this proxy passes on TCP; paths, headers and cookies need an HTTP proxy behind it, or "mode tcp"`;
}

/** Names every line that nothing was made of. */
function noteLines(sections: readonly Section[], notes: Notes): void {
  for (const section of sections) {
    const { kind, name, line, lines } = section;
    if (!KNOWN_KINDS.has(kind)) {
      const what = kind === "" ? "lines before the first section" : `${kind} ${name}`.trimEnd();
      notes.leftOut(line, `${what}: ${SECTION_REMEDIES[kind] ?? "no equivalent here"}`);
    }
    const isProxy = kind === "frontend" || kind === "backend" || kind === "listen" || kind === "defaults";
    if (!isProxy || (kind !== "defaults" && modeOf(section) !== "tcp")) continue;
    for (const each of lines) noteLine(each, notes);
  }
}

function noteLine({ line, words }: ConfigLine, notes: Notes): void {
  const remedy = remedyFor(words);
  if (remedy !== undefined) notes.leftOut(line, remedy);
}

function noteUnused(sections: readonly Section[], notes: Notes): void {
  const used = new Set(sections.flatMap((section) => [
    ...section.lines.filter(({ words }) => words[0] === "use_backend").map(({ words }) => words[1]),
    lastLine([...section.inherited, ...section.lines], "default_backend")?.words[1],
  ]));
  for (const { kind, name, line } of sections) {
    if (kind === "backend" && !used.has(name)) {
      notes.leftOut(line, `backend ${name}: no frontend names it; add an app that listens, if it is needed`);
    }
  }
}
