import { ACCESS_FIELDS, parseAccessTemplate, TemplateError } from "../../../base/mod.ts";
import { LOG_FORMATS, type LogConfig } from "../../model/log_config.ts";
import { type Leaf, leaf } from "../values/leaf.ts";
import { PATTERNS } from "../values/patterns.ts";
import { suggest } from "../../report/suggest.ts";

const EXPECTED = `text, json or a template such as "{time} {client} {target}"`;

/** How log lines look: one of the formats, or a template. */
export function logFormat(): Leaf<Pick<LogConfig, "format" | "template">> {
  return leaf("`text`, `json` or template", EXPECTED, (text) => {
    const format = LOG_FORMATS.find((word) => word === text);
    if (format !== undefined) return { format, template: undefined };
    if (!/[{}]/.test(text)) {
      const meant = suggest(text, LOG_FORMATS);
      throw new Error(
        `the format is "${text}"; expected ${EXPECTED}${
          meant === undefined ? "" : `; did you mean "${meant}"?`
        }`,
      );
    }
    checkTemplate(text);
    return { format: "text", template: text };
  }, PATTERNS.logFormat);
}

function checkTemplate(text: string): void {
  try {
    const pieces = parseAccessTemplate(text);
    if (pieces.every((piece) => typeof piece === "string")) {
      throw new TemplateError("it has no field; expected at least one, such as {client}");
    }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { unknownField } = error;
    throw new Error(
      `the template: ${error.message}${unknownField === undefined ? "" : advice(unknownField)}`,
      {
        cause: error,
      },
    );
  }
}

function advice(field: string): string {
  const meant = suggest(field, ACCESS_FIELDS);
  return meant === undefined ? `; expected one of ${ACCESS_FIELDS.join(", ")}` : `; did you mean {${meant}}?`;
}
