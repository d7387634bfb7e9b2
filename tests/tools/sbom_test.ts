import { assert, assertEquals, assertThrows } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import { cycloneDx } from "../../tools/sbom/_cyclonedx.ts";
import { type LockedPackage, lockedPackages, withDependencies } from "../../tools/sbom/_lock_file.ts";
import { licenseList, readLicense } from "../../tools/sbom/_package_licenses.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const ROOT = new URL("../../", import.meta.url);
const LOCK = Deno.readTextFileSync(new URL("deno.lock", ROOT));

/**
 * The rules of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/) for the fields that the tool writes. Unlike the
 * published schema, which allows many more, these forbid every other field.
 */
const RULES = closed({
  $schema: { const: "http://cyclonedx.org/schema/bom-1.6.schema.json" },
  bomFormat: { const: "CycloneDX" },
  specVersion: { const: "1.6" },
  serialNumber: { pattern: "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" },
  version: { type: "integer", minimum: 1 },
  metadata: closed({
    timestamp: { pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$" },
    lifecycles: list(closed({ phase: { enum: ["design", "pre-build", "build", "post-build"] } })),
    component: { $ref: "#/$defs/component" },
  }),
  components: list({ $ref: "#/$defs/component" }),
  dependencies: list(closed({ ref: { $ref: "#/$defs/ref" }, dependsOn: list({ $ref: "#/$defs/ref" }) })),
}, {
  $defs: {
    ref: { type: "string", minLength: 1, pattern: "^(?!urn:cdx:)" },
    component: closed({
      type: { enum: ["application", "library", "platform"] },
      name: { type: "string", minLength: 1 },
      "bom-ref": { $ref: "#/$defs/ref" },
      version: { type: "string", maxLength: 1024 },
      licenses: list({
        oneOf: [
          closed({ license: closed({ id: { pattern: "^[A-Za-z0-9.+-]+$" } }) }),
          closed({ expression: { type: "string" } }),
        ],
      }),
    }, {
      optional: {
        group: { type: "string" },
        scope: { enum: ["required", "optional", "excluded"] },
        hashes: list(closed({
          alg: { enum: ["SHA-256", "SHA-384", "SHA-512"] },
          content: { pattern: "^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$" },
        })),
        purl: { pattern: "^pkg:(?:npm|github)/\\S+@\\S+$" },
        externalReferences: list(closed({ type: { const: "vcs" }, url: { pattern: "^https://\\S+$" } })),
      },
    }),
  },
});

Deno.test("deno.lock: every package has an integrity hash, and none comes from elsewhere", () => {
  const packages = lockedPackages(LOCK);
  assert(packages.length > 10);
  for (const { id, integrity } of packages) assert(/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ""), id);
});

Deno.test("deno.json: every import is of one version of a package of the lock file", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const ids = new Set(lockedPackages(LOCK).map(({ id }) => id));
  for (const target of Object.values<string>(imports)) {
    const [, id] = /^npm:\/?((?:@[^/]+\/)?[^/@]+@\d+\.\d+\.\d+)(?:\/|$)/.exec(target) ?? [];
    assert(id !== undefined && ids.has(id), target);
  }
});

Deno.test("lockedPackages: names, versions, peers, dependencies without a version", () => {
  const packages = lockedPackages(JSON.stringify({
    version: "5",
    npm: {
      "@scope/a@1.0.0_b@2.0.0": { integrity: "sha512-x", dependencies: ["b", "c@2.0.0"] },
      "b@2.0.0": {},
      "c@1.0.0": {},
      "c@2.0.0": {},
    },
  }));
  assertEquals(packages.map(({ name, version }) => [name, version]), [
    ["@scope/a", "1.0.0"],
    ["b", "2.0.0"],
    ["c", "1.0.0"],
    ["c", "2.0.0"],
  ]);
  assertEquals(packages[0]?.dependencies, ["b@2.0.0", "c@2.0.0"]);
  const found = withDependencies(new Set(["@scope/a@1.0.0_b@2.0.0"]), packages);
  assertEquals(found.map(({ id }) => id), ["@scope/a@1.0.0_b@2.0.0", "b@2.0.0", "c@2.0.0"]);
});

Deno.test("lockedPackages: another format, another source and an unclear dependency are errors", () => {
  const lock = (rest: unknown): string => JSON.stringify({ version: "5", ...rest as object });
  assertThrows(() => lockedPackages(JSON.stringify({ version: "4" })), Error, "expected 5");
  assertThrows(() => lockedPackages(lock({ jsr: { "@a/b@1.0.0": {} } })), Error, '"jsr"');
  assertThrows(() => lockedPackages(lock({ remote: { "https://x": "" } })), Error, '"remote"');
  const unclear = { "a@1.0.0": { dependencies: ["b"] }, "b@1.0.0": {}, "b@2.0.0": {} };
  assertThrows(() => lockedPackages(lock({ npm: unclear })), Error, "2 packages");
});

Deno.test("cycloneDx: a package without integrity is an error", () => {
  const without: LockedPackage = {
    id: "a@1.0.0",
    name: "a",
    version: "1.0.0",
    integrity: undefined,
    dependencies: [],
  };
  const none = { shipped: new Set<string>(), direct: new Set<string>(), licenses: new Map() };
  const options = { ...none, version: "1", runtime: "2", date: new Date(0), serial: crypto.randomUUID() };
  assertThrows(() => cycloneDx({ ...options, packages: [without] }), Error, "no integrity");
});

Deno.test("readLicense: licence, texts and source; a manifest without a licence is an error", async () => {
  await using folder = new TemporaryFolder();
  const each: LockedPackage = {
    id: "a@1.0.0",
    name: "a",
    version: "1.0.0",
    integrity: undefined,
    dependencies: [],
  };
  const manifest = (rest: unknown): Promise<void> =>
    Deno.writeTextFile(folder.file("package.json"), JSON.stringify(rest));
  await manifest({ license: "MIT", repository: "me/a" });
  await Deno.writeTextFile(folder.file("LICENSE.md"), "the licence\n");
  await Deno.writeTextFile(folder.file("NOTICE"), "the notice\n");
  const license = await readLicense(each, folder.path);
  assertEquals(license, {
    license: "MIT",
    text: "the licence\n\nthe notice",
    source: "https://github.com/me/a",
  });
  const text = licenseList([each], new Map([[each.id, license]]));
  assert(text.includes("a 1.0.0\nLicence: MIT\nSource: https://github.com/me/a\n\nthe licence"));
  await manifest({});
  let message = "";
  await readLicense(each, folder.path).catch((error) => message = error.message);
  assertEquals(message, 'licence of a@1.0.0: its package.json has no "license"');
});

Deno.test("sbom: the written list keeps the format's rules, names every package, and joins what belongs together", async () => {
  await using folder = new TemporaryFolder();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", "tools/sbom/sbom.ts", folder.path],
    env: { SOURCE_DATE_EPOCH: "86400", DENO_COMPILER: "" },
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const bill = JSON.parse(await Deno.readTextFile(folder.file("tcpproxy.cdx.json")));
  const isValid = new Ajv2020({ strict: false, allErrors: true }).compile(RULES);
  assert(isValid(bill), JSON.stringify(isValid.errors));

  assertEquals(bill.metadata.timestamp, "1970-01-02T00:00:00.000Z");
  const { components, dependencies } = bill as {
    components: Record<string, string>[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  assertEquals(components.length, lockedPackages(LOCK).length + 1);
  const refs = ["tcpproxy", ...components.map((each) => each["bom-ref"])].sort();
  assertEquals(new Set(refs).size, refs.length);
  assertEquals(dependencies.map(({ ref }) => ref).sort(), refs);
  for (const { dependsOn } of dependencies) for (const ref of dependsOn) assert(refs.includes(ref), ref);

  const scopeOf = (name: string): string | undefined => components.find((each) => each.name === name)?.scope;
  assertEquals(["zod", "hono", "argparse", "deno"].map(scopeOf), Array(4).fill("required"));
  assertEquals(["fast-check", "playwright-core", "ajv"].map(scopeOf), Array(3).fill("excluded"));

  const texts = await Deno.readTextFile(folder.file("THIRD_PARTY_LICENSES.txt"));
  assert(texts.includes("\nhono 4."));
  assert(!texts.includes("playwright"), "not in the executable");
  assertEquals(forbiddenLicenses(bill.components), []);
});

/** Licences that an executable under the MIT licence may contain without further duties than to pass on their text. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  "MIT",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "PSF-2.0",
]);

interface Licensed {
  readonly name: string;
  readonly scope: string;
  readonly licenses: readonly { readonly license?: { readonly id: string } }[];
}

function forbiddenLicenses(components: readonly Licensed[]): string[] {
  return components.filter(({ scope, licenses }) =>
    scope === "required" && !licenses.every(({ license }) => PERMISSIVE.has(license?.id ?? ""))
  ).map(({ name }) => name);
}

function closed(
  required: Readonly<Record<string, unknown>>,
  { optional = {}, ...rest }: {
    readonly optional?: Readonly<Record<string, unknown>>;
    readonly $defs?: unknown;
  } = {},
): Record<string, unknown> {
  return {
    type: "object",
    properties: { ...required, ...optional },
    required: Object.keys(required),
    additionalProperties: false,
    ...rest,
  };
}

function list(items: unknown): Record<string, unknown> {
  return { type: "array", items };
}
