/**
 * What the admin API says of itself, held against what it does.
 *
 * @module
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { openapiDocument } from "../../../lib/admin/openapi/document.ts";
import { ROUTES } from "../../../lib/admin/routes/all.ts";

/** A request, and what answered it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The description, with schemas that allow nothing beside what they name. */
export const STRICT: Json = openapiDocument(ROUTES, "1.2.3", { isStrict: true });

/** Returns the template of the described path that a path is of; `undefined` for none. */
export function templateFor(path: string): string | undefined {
  const fits = Object.keys(object(STRICT.paths)).filter((template) =>
    new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path)
  );
  return fits.sort((a, b) => a.split("{").length - b.split("{").length)[0];
}

/**
 * Compares an answer with the description: its status, its media type, its body. Paths that are not described, which a
 * test may have of its own, are let pass.
 *
 * @throws when the description does not allow it.
 */
export function checkDescribed({ method, path, status, headers, text }: Exchange): void {
  const template = templateFor(path);
  if (template === undefined) return;
  const what = `${method} ${path}: status ${status}`;
  const item = object(object(STRICT.paths)[template]);
  const operation = item[(method === "HEAD" ? "GET" : method).toLowerCase()];
  const type = (headers.get("content-type") ?? "").replace(/;.*/s, "");
  if (operation === undefined) {
    if (status >= 400) return checkBody(what, "Problem", text, method);
    throw new Error(`${what}: the method is not described`);
  }
  const response = resolve(object(object(operation).responses)[status]);
  if (response === undefined) throw new Error(`${what}: the status is not described; body: ${text}`);
  const content = object(response.content ?? {});
  const described = content[type];
  if (described === undefined) {
    throw new Error(`${what}: its type is "${type}"; described is ${Object.keys(content).join(", ")}`);
  }
  const { $ref: reference } = object(object(described).schema);
  if (typeof reference === "string") checkBody(what, reference.replace(/.*\//, ""), text, method);
}

const ajv = new Ajv2020({ allErrors: true, strict: false, formats: { "date-time": isTime, uri: true } });
let hasSchemas = false;

/** Returns the validator of a schema. */
function validator(name: string): ValidateFunction {
  if (!hasSchemas) {
    hasSchemas = true;
    ajv.addSchema({ $id: "api", components: STRICT.components });
  }
  const validate = ajv.getSchema(`api#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`there is no schema "${name}"`);
  return validate;
}

function checkBody(what: string, schema: string, text: string, method: string): void {
  if (method === "HEAD") return;
  const validate = validator(schema);
  if (validate(JSON.parse(text))) return;
  const errors = validate.errors?.map(({ instancePath, message, params }) =>
    `${instancePath || "/"} ${message} ${JSON.stringify(params)}`
  );
  throw new Error(`${what}: its body is no ${schema}: ${errors?.join("; ")}; body: ${text}`);
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

function resolve(value: unknown): Json | undefined {
  if (value === undefined) return undefined;
  const { $ref: reference } = object(value);
  if (typeof reference !== "string") return object(value);
  return reference.split("/").slice(1).reduce((from, key) => object(from[key]), STRICT);
}

function object(value: unknown): Json {
  if (typeof value === "object" && value !== null) return value as Json;
  throw new Error(`"${value}" is no object`);
}
