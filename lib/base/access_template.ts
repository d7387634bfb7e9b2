/** The fields of the access log, by their JSON names and in their order. */
export const ACCESS_FIELDS = [
  "time",
  "id",
  "app",
  "listener",
  "client",
  "target",
  "reason",
  "bytes_up",
  "bytes_down",
  "duration_ms",
  "connect_ms",
  "tries",
  "sni",
  "client_rtt_ms",
  "client_retransmits",
  "target_rtt_ms",
  "target_retransmits",
  "detail",
] as const;

/** One of {@link ACCESS_FIELDS}. */
export type AccessField = typeof ACCESS_FIELDS[number];

/** A piece of a template: text as it is, or the value of a field. */
export type TemplatePiece = string | { readonly field: AccessField };

/** A template that cannot be read; the message says where and why. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  /** The name in braces that is no field; `undefined` for another fault. */
  readonly unknownField: string | undefined;

  constructor(message: string, unknownField?: string) {
    super(message);
    this.unknownField = unknownField;
  }
}

/**
 * Parses the template of an access line: text with `{field}`, where `{{` and `}}` are braces.
 *
 * @throws {TemplateError} when a field is unknown, a brace is left open or alone, or it has control characters.
 */
export function parseAccessTemplate(text: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let literal = "";
  let character = 1;
  for (const [part] of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[^]/gu)) {
    if (part === "{{" || part === "}}") literal += part.charAt(0);
    else if (part.length > 1 && part.startsWith("{")) {
      if (literal !== "") pieces.push(literal);
      literal = "";
      pieces.push({ field: fieldOf(part.slice(1, -1), character) });
    } else {
      refuse(part, character);
      literal += part;
    }
    character += [...part].length;
  }
  if (literal !== "") pieces.push(literal);
  return pieces;
}

function fieldOf(name: string, character: number): AccessField {
  const field = ACCESS_FIELDS.find((each) => each === name);
  if (field !== undefined) return field;
  throw new TemplateError(`character ${character}: the field {${name}} is unknown`, name);
}

function refuse(part: string, character: number): void {
  if (part === "{") {
    throw new TemplateError(`character ${character}: the "{" is not closed; write "{{" for a brace`);
  }
  if (part === "}") {
    throw new TemplateError(`character ${character}: the "}" closes nothing; write "}}" for a brace`);
  }
  // A tab separates columns; anything else would break or hide part of the line.
  if (part !== "\t" && /^[\p{Cc}\u2028\u2029]$/u.test(part)) {
    throw new TemplateError(`character ${character}: a control character; remove it`);
  }
}
