/** The schemas of bodies. `schemas.ts` has each of them; it is loaded only on a request for the description. */
export const SCHEMA_NAMES = [
  "Health",
  "Problem",
  "ExplainProblem",
  "ReloadRefused",
  "Status",
  "Sessions",
  "Session",
  "Ended",
  "TargetSet",
  "AppSet",
  "Faults",
  "FaultsBody",
  "TargetBody",
  "AppBody",
  "Drain",
  "Upgrade",
  "Discoveries",
  "Explanation",
  "Reload",
  "Config",
  "OpenApi",
] as const;

/** One of {@link SCHEMA_NAMES}. */
export type SchemaName = typeof SCHEMA_NAMES[number];

/** The parameters, body and responses of an operation. */
export interface Description {
  /** One line without a full stop. */
  readonly summary: string;
  /** Details beyond the summary. */
  readonly details?: string;
  /** Those of the query, and those of the path, which {@link Parameter.in} tells apart. */
  readonly parameters?: readonly Parameter[];
  /** The body that a request may have. */
  readonly body?: {
    readonly schema: SchemaName;
    readonly isRequired: boolean;
    readonly description?: string;
  };
  /** The responses, by status. Those that any operation may give (401, 403, 500, 503, …) are added automatically. */
  readonly responses: Readonly<Record<number, ResponseDescription>>;
}

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly description: string;
  /** Its JSON Schema; default any text. */
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly example?: string | number;
}

/** A response to an operation. */
export interface ResponseDescription {
  readonly description: string;
  /** The schema of a JSON body; default `Problem` for 400 and above, else the body is of no schema. */
  readonly schema?: SchemaName;
  /** Default `application/problem+json` for 400 and above, else `application/json`. */
  readonly mediaType?: string;
  /** Further media types that a request may ask for, without a schema. */
  readonly otherTypes?: readonly string[];
}
