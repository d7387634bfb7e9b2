import manifest from "../../deno.json" with { type: "json" };

/** The program's version, as semver. */
export const VERSION: string = manifest.version;
