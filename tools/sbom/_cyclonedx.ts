/**
 * The list of parts (SBOM) of the program as CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/).
 *
 * @module
 */
import type { LockedPackage } from "./_lock_file.ts";
import type { PackageLicense } from "./_package_licenses.ts";

/** What {@link cycloneDx} describes. */
export interface BillOptions {
  readonly version: string;
  /** The version of the runtime that the executable contains. */
  readonly runtime: string;
  readonly packages: readonly LockedPackage[];
  /** The ids of the packages that are in the executable; the others serve development and tests. */
  readonly shipped: ReadonlySet<string>;
  /** The ids of the packages that the program's own modules import. */
  readonly direct: ReadonlySet<string>;
  /** By id. */
  readonly licenses: ReadonlyMap<string, PackageLicense>;
  /** When it is made. */
  readonly date: Date;
  /** A random UUID. */
  readonly serial: string;
}

/** A document of CycloneDX, as far as this program writes it. */
export interface CycloneDx {
  readonly $schema: string;
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: {
    readonly timestamp: string;
    readonly lifecycles: readonly { readonly phase: "build" }[];
    readonly component: Component;
  };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Component {
  readonly type: "application" | "library" | "platform";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly group?: string;
  readonly scope?: "required" | "excluded";
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly (
    | { readonly license: { readonly id: string } }
    | { readonly expression: string }
  )[];
  readonly purl?: string;
  readonly externalReferences?: readonly { readonly type: "vcs"; readonly url: string }[];
}

const PROGRAM = "tcpproxy";
const RUNTIME = "deno";

/**
 * Returns the list of parts. Packages for development are in it with the scope "excluded".
 *
 * @throws {Error} for a package without integrity.
 */
export function cycloneDx(options: BillOptions): CycloneDx {
  const { version, runtime, packages, shipped, direct, date, serial } = options;
  const license = [{ license: { id: "MIT" } }];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: {
      timestamp: date.toISOString(),
      lifecycles: [{ phase: "build" }],
      component: { type: "application", "bom-ref": PROGRAM, name: PROGRAM, version, licenses: license },
    },
    components: [
      {
        type: "platform",
        "bom-ref": RUNTIME,
        name: RUNTIME,
        version: runtime,
        scope: "required",
        licenses: license,
        purl: `pkg:github/denoland/deno@v${runtime}`,
        externalReferences: [{ type: "vcs", url: "https://github.com/denoland/deno" }],
      },
      ...packages.map((each) => componentOf(each, options)),
    ],
    dependencies: [
      {
        ref: PROGRAM,
        dependsOn: [RUNTIME, ...[...direct].filter((id) => shipped.has(id)).map(refOf(packages))],
      },
      { ref: RUNTIME, dependsOn: [] },
      ...packages.map((each) => ({
        ref: purlOf(each),
        dependsOn: each.dependencies.map(refOf(packages)),
      })),
    ],
  };
}

function componentOf(each: LockedPackage, { shipped, licenses }: BillOptions): Component {
  const [name = "", group] = each.name.split("/").reverse();
  const { license, source } = licenses.get(each.id) ?? {};
  return {
    type: "library",
    "bom-ref": purlOf(each),
    ...(group === undefined ? {} : { group }),
    name,
    version: each.version,
    scope: shipped.has(each.id) ? "required" : "excluded",
    hashes: [hashOf(each)],
    ...(license === undefined ? {} : {
      // An expression ("MIT OR Apache-2.0") is no identifier.
      licenses: [/[ ()]/.test(license) ? { expression: license } : { license: { id: license } }],
    }),
    purl: purlOf(each),
    ...(source === undefined ? {} : { externalReferences: [{ type: "vcs", url: source }] }),
  };
}

function refOf(packages: readonly LockedPackage[]): (id: string) => string {
  return (id) => {
    const found = packages.find((each) => each.id === id);
    if (found === undefined) throw new Error(`list of parts: there is no package "${id}"`);
    return purlOf(found);
  };
}

/** The package's URL (https://github.com/package-url/purl-spec); the @ of a scope is escaped. */
function purlOf({ name, version }: LockedPackage): string {
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

function hashOf({ id, integrity }: LockedPackage): { readonly alg: string; readonly content: string } {
  const [, bits, hash] = /^sha(256|384|512)-([A-Za-z0-9+/]+=*)$/.exec(integrity ?? "") ?? [];
  if (bits === undefined || hash === undefined) {
    throw new Error(`list of parts: ${id} has no integrity hash in the lock file`);
  }
  const bytes = Uint8Array.from(atob(hash), (char) => char.charCodeAt(0));
  return {
    alg: `SHA-${bits}`,
    content: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
}
