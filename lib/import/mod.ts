/** Configs of other proxies as one of ours. Pure: text in, text and notes out. */
import { translateHaproxy } from "./haproxy/translate.ts";
import { translateNginx } from "./nginx/translate.ts";
import type { ImportFormat, Translation } from "./translation.ts";

export { detectFormat } from "./detect.ts";
export type { Note } from "./note.ts";
export { IMPORT_FORMATS, type ImportFormat, type Translation } from "./translation.ts";

/** Translates a config; `file` is its name, for comments. Never throws: what makes no sense is a note. */
export function translate(
  text: string,
  { format, file }: { format: ImportFormat; file: string },
): Translation {
  return format === "haproxy" ? translateHaproxy(text, file) : translateNginx(text, file);
}
