/**
 * A config as it was written, looked at without trust: a value of another shape than expected counts as absent, as
 * the schema has refused it already.
 *
 * @module
 */

import type * as z from "zod";

/** A mapping of which nothing is known. */
export type Raw = Readonly<Record<string, unknown>>;

/** The entries of a list; none of what is no list. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The keys of a mapping; none of what is no mapping. */
export function asMapping(value: unknown): Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Raw : {};
}

/** Whether nothing was given, or an empty list. */
export function isNone(value: unknown): boolean {
  return value === undefined || Array.isArray(value) && value.length === 0;
}

/** Parses a value with a schema; `undefined` where there is none or the schema refuses it. */
export function parsed<Output>(schema: z.ZodType<Output>, value: unknown): Output | undefined {
  return value === undefined ? undefined : schema.safeParse(value).data;
}
