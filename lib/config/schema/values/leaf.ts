import * as z from "zod";

// A config is read once: compiling a schema, which zod does at its first use, takes longer than the reading itself.
z.config({ jitless: true });

/** The longest text that a scalar may be: a unix path or a host name with room to spare. */
const MAX_SCALAR_LENGTH = 1024;

/** The type of this folder's zod schemas. */
export type Leaf<Output, Input = string> = z.ZodType<Output, Input>;

/**
 * A text that `parse` reads; the message of what it throws is shown as it is.
 *
 * @param title what operators call it, for the JSON Schema and the reference.
 * @param pattern what it looks like, for the JSON Schema.
 */
export function leaf<Output>(
  title: string,
  wanted: string | ((issue: { input?: unknown }) => string),
  parse: (text: string) => Output,
  pattern: string,
): Leaf<Output> {
  return z.string({ error: wanted }).transform((text, context) => read(text, context, parse))
    .meta({ title, pattern });
}

/** Parses a text with `parse`; an exception becomes an issue. */
export function read<Output>(
  text: string,
  context: z.core.$RefinementCtx,
  parse: (text: string) => Output,
): Output {
  try {
    if (text.length > MAX_SCALAR_LENGTH) {
      throw new Error(`the text has ${text.length} characters; expected at most ${MAX_SCALAR_LENGTH}`);
    }
    return parse(text);
  } catch (error) {
    return refuse(context, error instanceof Error ? error.message : String(error));
  }
}

/** Makes an issue of a whole message. */
export function refuse(context: z.core.$RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}
