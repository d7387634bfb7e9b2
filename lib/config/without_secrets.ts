/** The values of a config that may hold a password or a key; paths of files do not. */
const SECRET_KEYS: ReadonlySet<string> = new Set(["send", "expect", "expect_not", "value"]);

/**
 * Returns a part of an effective config without what may be secret: what checks send and expect, fixed values of PROXY
 * header fields, the query of a check's URL, and the credentials and query of discovery's.
 */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value === "string") return withoutUrlSecrets(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, hidden(key, each) ?? withoutSecrets(each)]),
  );
}

/** Returns a URL without its credentials and query; any other text as it is. */
function withoutUrlSecrets(text: string): string {
  if (!/^https?:\/\//i.test(text)) return text;
  return text.replace(/\/\/[^/?#]*@/, "//not-shown@").replace(/\?.*/s, "?not-shown");
}

/** The text in place of a secret; `undefined` for what is none. */
function hidden(key: string, value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (SECRET_KEYS.has(key) && !isHeaderVersion(value)) return "(not shown)";
  if (key === "path" && value.includes("?")) return `${value.slice(0, value.indexOf("?"))}?not-shown`;
  return undefined;
}

/** `proxy_protocol.send` has the key of a check's `send`. */
function isHeaderVersion(value: string): boolean {
  return value === "off" || value === "v1" || value === "v2";
}
