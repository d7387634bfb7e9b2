import { type AccessField, parseAccessTemplate } from "../../base/mod.ts";
import type { AccessFormatter, AccessRecord } from "./access_record.ts";
import { rtt, shortenedDetail, tenths, timestamp } from "../_access_values.ts";
import { textToken } from "../_escape.ts";

/** Stands for an absent value. */
const NONE = "-";

/**
 * Compiles a template (see {@link parseAccessTemplate}). Values are written as in the text format: anything but one plain
 * word becomes a JSON string, so that nothing a client chooses can end its field or the line. An absent value is `-`.
 *
 * @throws {TemplateError} if the template is invalid.
 */
export function compileAccessTemplate(template: string): AccessFormatter {
  const pieces = parseAccessTemplate(template);
  // Text and values alternate, so that a line takes one call per value and no test of each piece's type.
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
  ["client_rtt_ms"]: ({ measures }) => rtt(measures?.client) ?? NONE,
  ["client_retransmits"]: ({ measures }) => measures?.client?.retransmits ?? NONE,
  ["target_rtt_ms"]: ({ measures }) => rtt(measures?.target) ?? NONE,
  ["target_retransmits"]: ({ measures }) => measures?.target?.retransmits ?? NONE,
  detail: ({ detail }) => detail === "" ? NONE : word(shortenedDetail(detail)),
};

/** Quotes a value that could be mistaken for an absent one. */
function word(text: string): string {
  return text === NONE ? `"${NONE}"` : textToken(text);
}
