import type { Notes } from "../note.ts";

/** Where relative paths of certificates and authorities begin: `crt-base` and `ca-base`. */
export interface Paths {
  readonly certificates: string;
  readonly authorities: string;
}

/** A path below a base, unless it is absolute or there is no base. */
export function joinPath(base: string, path: string): string {
  return base === "" || path.startsWith("/") || path.startsWith("@")
    ? path
    : `${base.replace(/\/+$/, "")}/${path}`;
}

/** A version of TLS as a config of ours has it; 1.2 for those before it. */
export function tlsVersion(
  text: string,
  { line, notes }: { readonly line: number; readonly notes: Notes },
): number | undefined {
  if (/^TLSv1\.[23]$/.test(text)) return Number(text.slice(4));
  notes.changed(line, `${text}: the oldest version here is TLS 1.2`);
  return undefined;
}
