import { isList, type YamlEntry, YamlMap, type YamlValue } from "./yaml_map.ts";

/** Up to here a value stands on its key's own line. */
const WIDTH = 100;

/** Words that YAML parsers take for something else than text. */
const NO_TEXT = /^(?:true|false|yes|no|on|off|null|~|y|n|\.inf|\.nan)$/i;

/** Text that needs no quotes, within brackets too. */
const BARE = /^[A-Za-z0-9_/.*](?:[A-Za-z0-9_./@+%=-]|:(?=[A-Za-z0-9_./@+*-]))*$/;

/** Writes a mapping as YAML in blocks, small values on one line. */
export function writeYaml(map: YamlMap): string {
  return `${mapLines(map, "").join("\n")}\n`;
}

function mapLines(map: YamlMap, indent: string): string[] {
  return [
    ...map.comments.map((comment) => `${indent}# ${comment}`.trimEnd()),
    ...map.entries.flatMap((entry) => entryLines(entry, indent)),
  ];
}

function entryLines({ key, value, comment }: YamlEntry, indent: string): string[] {
  const behind = comment === undefined ? "" : ` # ${comment}`;
  if (!isBlock(value)) {
    const line = `${indent}${key}: ${flow(value)}`;
    if (!isCollection(value) || line.length <= WIDTH) return [line + behind];
  }
  const head = `${indent}${key}:${behind}`;
  if (value instanceof YamlMap) return [head, ...mapLines(value, `${indent}  `)];
  return isList(value) ? [head, ...value.flatMap((item) => itemLines(item, `${indent}  `))] : [head];
}

function itemLines(item: YamlValue, indent: string): string[] {
  const line = `${indent}- ${flow(item)}`;
  if (!(item instanceof YamlMap) || item.size === 0 || (!isBlock(item) && line.length <= WIDTH)) {
    return [line];
  }
  const [first = "", ...rest] = item.entries.flatMap((entry) => entryLines(entry, `${indent}  `));
  return [
    ...item.comments.map((comment) => `${indent}# ${comment}`.trimEnd()),
    `${indent}- ${first.trimStart()}`,
    ...rest,
  ];
}

/** Whether a value needs lines of its own: it has comments, or holds mappings that each read better on a line. */
function isBlock(value: YamlValue): boolean {
  if (value instanceof YamlMap) {
    return value.comments.length > 0 ||
      value.entries.some(({ comment, value }) => comment !== undefined || isBlock(value));
  }
  return isList(value) && value.some((item) => item instanceof YamlMap || isBlock(item));
}

function isCollection(value: YamlValue): boolean {
  return isList(value) || value instanceof YamlMap;
}

function flow(value: YamlValue): string {
  if (value instanceof YamlMap) {
    const inner = value.entries.map(({ key, value }) => `${key}: ${flow(value)}`).join(", ");
    return inner === "" ? "{}" : `{ ${inner} }`;
  }
  if (isList(value)) return `[${value.map(flow).join(", ")}]`;
  return typeof value === "string" ? scalar(value) : String(value);
}

/** `off` and `true` of a config are written as they are; texts that look like them never come from an original. */
const KEYWORDS = new Set(["off", "auto"]);

function scalar(text: string): string {
  if (KEYWORDS.has(text)) return text;
  const isSafe = BARE.test(text) && !NO_TEXT.test(text) && !looksLikeNumber(text) && !text.includes("*");
  return isSafe ? text : quoted(text);
}

function looksLikeNumber(text: string): boolean {
  return /^[-+.\d]/.test(text) && !/[a-z]/i.test(text) || /^0[xob]/i.test(text) ||
    /^\d[\d_]*(?:e\d+)?$/i.test(text);
}

/** JSON's text is YAML's in double quotes, once what YAML does not print is escaped. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
