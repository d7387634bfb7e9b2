import type { Notes } from "../../note.ts";
import { YamlMap, yamlMap } from "../../yaml_map.ts";
import type { ConfigLine } from "../lines.ts";
import { lastLine } from "../sections.ts";

/** What a backend's checks send and expect; empty for a connect alone. */
export function readCheck(lines: readonly ConfigLine[], notes: Notes): YamlMap {
  const option = lastCheckOption(lines);
  if (option === undefined) return new YamlMap();
  const { line, words } = option;
  switch (words[1]) {
    case "tcp-check":
      return tcpCheck(lines, notes);
    case "httpchk":
      return httpCheck(lines, option, notes);
    case "redis-check":
      return yamlMap({ type: "redis" });
    case "smtpchk":
      return yamlMap({ type: "smtp" });
    case "mysql-check":
      return yamlMap({ type: "mysql", user: valueAfter(words, "user") });
    case "pgsql-check":
      return yamlMap({ type: "postgres", user: valueAfter(words, "user") });
    case "ssl-hello-chk":
      notes.changed(line, "option ssl-hello-chk: the check shakes hands in TLS as a whole");
      return yamlMap({ tls: true });
    default:
      notes.leftOut(line, `option ${words[1]}: the check only connects; write it with "health_check.steps"`);
      return new YamlMap();
  }
}

const CHECK_OPTIONS = [
  "tcp-check",
  "httpchk",
  "redis-check",
  "smtpchk",
  "mysql-check",
  "pgsql-check",
  "ssl-hello-chk",
  "ldap-check",
  "spop-check",
  "external-check",
];

/** The last one that is said, as each replaces the one before. */
function lastCheckOption(lines: readonly ConfigLine[]): ConfigLine | undefined {
  return CHECK_OPTIONS.map((option) => lastLine(lines, "option", option))
    .filter((line) => line !== undefined)
    .sort((a, b) => lines.indexOf(a) - lines.indexOf(b))
    .at(-1);
}

function valueAfter(words: readonly string[], word: string): string | undefined {
  const at = words.indexOf(word);
  return at === -1 ? undefined : words[at + 1];
}

/** A step as it is put together. */
interface Step {
  send: string;
  expect: string | undefined;
  expectNot: string | undefined;
}

function tcpCheck(lines: readonly ConfigLine[], notes: Notes): YamlMap {
  const check = new YamlMap();
  const steps: Step[] = [];
  let connects = 0;
  const begin = (): Step => {
    const step: Step = { send: "", expect: undefined, expectNot: undefined };
    steps.push(step);
    return step;
  };
  for (const { line, words } of lines) {
    if (words[0] !== "tcp-check") continue;
    const last = steps.at(-1);
    const value = words[2] ?? "";
    switch (words[1]) {
      case "connect":
        if (++connects > 1 || steps.length > 0) {
          notes.leftOut(
            line,
            "tcp-check connect: a check has one connection; what follows is left to the first",
          );
        } else readConnect(words, check, { line, notes });
        break;
      case "comment":
        break;
      case "send":
      case "send-binary": {
        const bytes = words[1] === "send" ? escaped(value) : hexEscaped(value);
        // What is sent in a row is one text.
        const step = last !== undefined && last.expect === undefined && last.expectNot === undefined
          ? last
          : begin();
        step.send += bytes;
        break;
      }
      case "expect": {
        const found = readExpect(words.slice(2));
        if (found === undefined) {
          notes.leftOut(line, `${words.slice(0, 3).join(" ")} …: write it with "health_check.expect"`);
          break;
        }
        const isNew = last === undefined || last.expect !== undefined;
        const step = isNew ? begin() : last;
        if (found.isNegated) step.expectNot = found.text;
        else step.expect = found.text;
        break;
      }
      default:
        notes.leftOut(line, `tcp-check ${words[1] ?? ""}: write it with "health_check.steps"`);
    }
  }
  addSteps(check, steps);
  return check;
}

function readConnect(
  words: readonly string[],
  check: YamlMap,
  { line, notes }: { readonly line: number; readonly notes: Notes },
): void {
  for (let at = 2; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "port") check.set("port", Number(words[++at]) || undefined);
    else if (word === "ssl") check.set("tls", true);
    else if (word === "default" || word === "linger") continue;
    else {
      notes.leftOut(line, `${words[0]} connect … ${word}: the check connects without it`);
      if (["addr", "sni", "alpn", "proto", "comment"].includes(word)) at++;
    }
  }
}

function addSteps(check: YamlMap, steps: readonly Step[]): void {
  const drafts = steps.map(({ send, expect, expectNot }) =>
    yamlMap({ send: send === "" ? undefined : send, expect, ["expect_not"]: expectNot })
  ).filter(({ size }) => size > 0);
  const [first] = drafts;
  if (first === undefined) return;
  if (drafts.length > 1) check.set("steps", drafts);
  else for (const { key, value } of first.entries) check.set(key, value);
}

/** What follows `expect`: `[min-recv N] [comment C] [!] string|rstring|binary|rbinary VALUE`. */
function readExpect(words: readonly string[]): { isNegated: boolean; text: string } | undefined {
  let isNegated = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const value = words[at + 1] ?? "";
    if (word === "!") isNegated = true;
    else if (word === "min-recv" || word === "comment" || /^(?:ok|error|tout)-status$|^on-/.test(word)) at++;
    else if (word === "string") return { isNegated, text: escaped(value) };
    else if (word === "binary") return { isNegated, text: hexEscaped(value) };
    else if (word === "rstring") return { isNegated, text: `/${value.replaceAll("/", "\\/")}/` };
    else return undefined;
  }
  return undefined;
}

/** A text with the escapes of a check. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("\r", "\\r").replaceAll("\n", "\\n").replaceAll(
    "\t",
    "\\t",
  )
    .replaceAll(
      // deno-lint-ignore no-control-regex
      /[\x00-\x1f\x7f]/g,
      (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  // Between slashes it would be a regular expression.
  return /^\/.*\/[ims]*$/.test(plain) ? `\\x2f${plain.slice(1)}` : plain;
}

function hexEscaped(hex: string): string {
  return [...hex.matchAll(/[0-9a-fA-F]{2}/g)].map(([pair]) => `\\x${pair.toLowerCase()}`).join("");
}

interface HttpCheck {
  method: string;
  path: string;
  host: string | undefined;
  status: string;
}

function httpCheck(lines: readonly ConfigLine[], option: ConfigLine, notes: Notes): YamlMap {
  const words = option.words.slice(2);
  const [first = "", second, , ...more] = words;
  const check: HttpCheck = {
    method: second === undefined ? "" : first,
    path: second ?? (first === "" ? "/" : first),
    host: /\bHost:\s*([\w.-]+)/i.exec([words[2] ?? "", ...more].join(" "))?.[1],
    status: "200-399",
  };
  const extra = new YamlMap();
  for (const each of lines) {
    if (each.words[0] !== "http-check") continue;
    if (each.words[1] === "connect") readConnect(each.words, extra, { line: each.line, notes });
    else if (each.words[1] === "send") readHttpSend(each, check, notes);
    else if (each.words[1] === "expect") readHttpExpect(each, check, notes);
    else if (each.words[1] !== "disable-on-404" && each.words[1] !== "comment") {
      notes.leftOut(each.line, `http-check ${each.words[1] ?? ""}: the check asks once, with GET`);
    } else if (each.words[1] === "disable-on-404") {
      notes.leftOut(
        each.line,
        "http-check disable-on-404: a target is up or down; set it to drain by the admin API",
      );
    }
  }
  if (check.method !== "GET") {
    notes.changed(option.line, `the check asks with GET, HAProxy's with ${check.method || "OPTIONS"}`);
  }
  if (!check.path.startsWith("/")) check.path = "/";
  const { path, status, host } = check;
  return extra.set(
    "http",
    yamlMap({ path, status: /^\d+$/.test(status) ? Number(status) : status, host }),
  );
}

function readHttpSend({ line, words }: ConfigLine, check: HttpCheck, notes: Notes): void {
  for (let at = 2; at < words.length; at++) {
    const word = words[at] ?? "";
    const value = words[at + 1] ?? "";
    if (word === "meth") check.method = value;
    else if (word === "uri") check.path = value;
    else if (word === "hdr") {
      if (value.toLowerCase() === "host") check.host = words[at + 2];
      else notes.leftOut(line, `http-check send hdr ${value}: only "Host" can be sent`);
      at++;
    } else if (word !== "ver" && word !== "comment") {
      notes.leftOut(line, `http-check send ${word}: the check asks with GET, without a body`);
    }
    at++;
  }
}

function readHttpExpect({ line, words }: ConfigLine, check: HttpCheck, notes: Notes): void {
  const [kind = "", value = ""] = words.slice(2);
  if (kind === "status" && /^\d{3}(?:-\d{3})?$/.test(value)) check.status = value;
  else if (kind === "rstatus" && /^\^?([1-5])(?:\.\.|\[0-9\]\[0-9\]|\\d\\d)?\$?$/.test(value)) {
    check.status = `${value.replace(/^\^/, "")[0]}xx`;
  } else notes.leftOut(line, `http-check ${words.slice(1).join(" ")}: set "health_check.http.status"`);
}
