/** The schemas of bodies. `schemas.ts` has each of them; it is loaded only when somebody asks for the description. */
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
  "Discoveries",
  "Explanation",
  "Reload",
  "Config",
  "OpenApi",
] as const;

/** One of {@link SCHEMA_NAMES}. */
export type SchemaName = typeof SCHEMA_NAMES[number];

/** What a request must or may have for an operation, and what answers it. */
export interface Description {
  /** One line without a full stop. */
  readonly summary: string;
  /** What the summary does not say. */
  readonly details?: string;
  /** Those of the query, and those of the path, which {@link Parameter.in} tells apart. */
  readonly parameters?: readonly Parameter[];
  /** The body that a request may have. */
  readonly body?: {
    readonly schema: SchemaName;
    readonly isRequired: boolean;
    readonly description?: string;
  };
  /**
   * What may answer it, by status. What any operation may answer with (401, 403, 500, 503, …) is added, and needs no
   * mention.
   */
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
