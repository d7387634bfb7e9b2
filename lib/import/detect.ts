import type { ImportFormat } from "./translation.ts";

/** Tells whose config a text is, by how its lines look; `undefined` where it could be anything. */
export function detectFormat(text: string): ImportFormat | undefined {
  const plain = text.replaceAll(/#.*$/gm, "");
  const haproxy = count(
    plain,
    /^[ \t]*(?:global|defaults|(?:frontend|backend|listen|resolvers|peers|userlist)[ \t]+\S+)[^{;\n]*$/gm,
  );
  const nginx = count(plain, /^[ \t]*(?:stream|http|events|upstream|server|map|location)\b[^\n;]*\{/gm) +
    count(plain, /;[ \t]*$/gm);
  if (haproxy === 0 && nginx === 0) return undefined;
  return haproxy > nginx ? "haproxy" : "nginx";
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}
