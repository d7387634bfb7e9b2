import { type AccessField, parseAccessTemplate } from "../base/mod.ts";
import type { AccessFormatter, AccessRecord } from "./access_record.ts";
import { shortenedDetail, tenths, timestamp } from "./_access_values.ts";
import { textToken } from "./_escape.ts";

/** What stands for a value that is not there. */
const NONE = "-";

/**
 * Compiles a template of {@link parseAccessTemplate}. Values are written as in the text format: what is not one plain word
 * is a JSON string, so that nothing a client chooses ends its field, or the line. One that is not there is `-`.
 *
 * @throws {TemplateError} when it cannot be read.
 */
export function compileAccessTemplate(template: string): AccessFormatter {
  const pieces = parseAccessTemplate(template);
  // Text and value by turns, so that a line takes one call for each value and no test of what a piece is.
  const values: { readonly before: string; readonly of: (record: AccessRecord) => string | number }[] = [];
  let before = "";
  for (const piece of pieces) {
    if (typeof piece === "string") before += piece;
    else {
      values.push({ before, of: VALUES[piece.field] });
      before = "";
    }
  }
  const end = `${before}\n`;
  return (record) => {
    let line = "";
    for (const value of values) line += value.before + value.of(record);
    return line + end;
  };
}

const VALUES: Readonly<Record<AccessField, (record: AccessRecord) => string | number>> = {
  time: ({ time }) => timestamp(time),
  id: ({ id }) => id,
  app: ({ app }) => word(app),
  listener: ({ listener }) => word(listener),
  client: ({ client }) => word(client),
  target: ({ target }) => target === undefined ? NONE : word(target),
  reason: ({ reason }) => reason,
  ["bytes_up"]: ({ bytesUp }) => bytesUp,
  ["bytes_down"]: ({ bytesDown }) => bytesDown,
  ["duration_ms"]: ({ durationMs }) => tenths(durationMs),
  ["connect_ms"]: ({ connectMs }) => connectMs === undefined ? NONE : tenths(connectMs),
  tries: ({ tries }) => tries,
  sni: ({ sni }) => sni === undefined ? NONE : word(sni),
  detail: ({ detail }) => detail === "" ? NONE : word(shortenedDetail(detail)),
};

/** A value that reads like the mark of one that is not there is quoted. */
function word(text: string): string {
  return text === NONE ? `"${NONE}"` : textToken(text);
}
