import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { cp } from "node:fs/promises";
import { relative } from "node:path";
import { BundleError, bundleFailure, finishedScripts } from "../../tools/bundle.ts";
import { copyCheckout } from "../helpers/checkout.ts";
import { bundlerObstacle } from "../helpers/programs/bundler.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const ROOT = new URL("../../", import.meta.url);
const REFERENCE = 'new URL("./worker/entry.ts", import.meta.url)';
const obstacle = bundlerObstacle();

Deno.test("finishedScripts: the workers' module is where the bundle has it; named elsewhere, it is an error", () => {
  const finished = finishedScripts(new Map([["main.js", REFERENCE], ["worker.js", ""]]));
  assertEquals(finished.get("main.js"), 'new URL("./worker.js", import.meta.url)');
  for (const text of ["", `${REFERENCE} ${REFERENCE}`]) {
    assertThrows(() => finishedScripts(new Map([["main.js", text]])), BundleError, "expected once");
  }
});

Deno.test("finishedScripts: names and comments say nothing of the machine", () => {
  const made = (hash: string, packages: string): Map<string, string> =>
    new Map([
      [
        "main.js",
        `// dist/.bundle-${hash}/main.ts\nimport "./chunk-${hash}.js"; import("./serve-${hash}.js");`,
      ],
      ["worker.js", `import "./chunk-${hash}.js";`],
      [
        `chunk-${hash}.js`,
        `// ${packages}/zod/4.6.7/v4/index.js\n// ${packages}/@a/b/1.0.0-rc.1/c.js\nimport "./other.js";`,
      ],
      [`serve-${hash}.js`, `// lib/a.ts\nimport "./chunk-${hash}.js"; ${REFERENCE}`],
    ]);
  const finished = finishedScripts(
    made("AAAA1111", "../../home/npm/a b/1.2.3/.cache/deno/npm/registry.example"),
  );
  assertEquals(finished, finishedScripts(made("ZZZZ9999", "npm/localhost_4873/npm")));
  assertEquals([...finished], [
    ["main.js", '// main.ts\nimport "./chunk-1.js"; import("./serve-2.js");'],
    ["worker.js", 'import "./chunk-1.js";'],
    [
      "chunk-1.js",
      '// npm:zod/4.6.7/v4/index.js\n// npm:@a/b/1.0.0-rc.1/c.js\nimport "./other.js";',
    ],
    ["serve-2.js", '// lib/a.ts\nimport "./chunk-1.js"; new URL("./worker.js", import.meta.url)'],
  ]);
});

Deno.test("bundleFailure: esbuild that cannot be downloaded is distinguished from every other failure", async () => {
  await using folder = new TemporaryFolder();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", await folder.write("a.ts", "export {};\n")],
    env: { NO_COLOR: "1", DENO_DIR: folder.file("cache"), NPM_CONFIG_REGISTRY: "http://127.0.0.1:1" },
  }).output();
  assert(!success);
  assertMatch(
    bundleFailure(new TextDecoder().decode(stderr)),
    /^bundle the program: no esbuild: .*@esbuild.*: .*refused.*\n"deno bundle" runs it, and/i,
  );
  for (
    const said of [
      'error: Module not found "file:///a/@esbuild/b.ts".\n    at file:///a/main.ts:1:8\nerror: bundling failed\n',
      "error: Failed caching npm package '@esbuild/linux-x64@0.25.5'\n\nCaused by:\n    Tarball checksum did not match\n",
      "error: Failed loading https://registry.example/zod\n",
    ]
  ) assertEquals(bundleFailure(said), `bundle the program: "deno bundle" failed\n${said.trim()}`);
});

Deno.test({
  name: `bundleProgram: makes the same of every checkout, with any cache${
    obstacle === undefined ? "" : ` (${obstacle})`
  }`,
  ignore: obstacle !== undefined,
  fn: async (t) => {
    await using folder = new TemporaryFolder();
    const checkout = folder.file("checkout");
    await copyCheckout(checkout);
    const scripts = await bundleOf(checkout);
    const texts = [...scripts.values()];
    assert(scripts.size > 20 && !scripts.has("stale.js"), [...scripts.keys()].join());
    const packages = packagesIn(texts);
    assert(packages.includes("zod/4.6.7"), packages.join());

    await t.step("two checkouts with caches of their own make the same bytes", async () => {
      const other = folder.file("an other/and deeper/checkout");
      const cache = folder.file("an other/cache");
      await copyCheckout(other);
      await copyCache(cache, packages);
      assertEquals(await bundleOf(other, cache), scripts);
    });

    await t.step("no folder of the machine is named", async () => {
      const cache = await cacheFolder();
      const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? "";
      for (const path of [cache, folder.path, home].filter((each) => each.length > 1)) {
        const name = path.replaceAll("\\", "/").replace(/^\w:/, "");
        assertEquals(
          texts.flatMap((text) => text.split("\n").filter((line) => line.includes(`${name}/`))),
          [],
        );
      }
    });

    await t.step("the list of parts and that of licences have each package of it", async () => {
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--allow-all", "tools/sbom/sbom.ts", folder.path],
        env: { DENO_COMPILER: "" },
        cwd: ROOT,
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      const licenses = await Deno.readTextFile(folder.file("THIRD_PARTY_LICENSES.txt"));
      assertEquals(packages.filter((each) => !licenses.includes(`\n${each.replace(/\/(?=\d)/, " ")}\n`)), []);
      const { components } = JSON.parse(await Deno.readTextFile(folder.file("tcpproxy.cdx.json")));
      const required = new Set(
        (components as Component[]).filter(({ scope }) => scope === "required")
          .map(({ group, name, version }) =>
            [...(group === undefined ? [] : [group]), name, version].join("/")
          ),
      );
      assertEquals(packages.filter((each) => !required.has(each)), []);
    });

    await t.step("a worker loads no package", () => {
      const ofWorker = loadedBy("worker.js", scripts);
      assert(ofWorker.length > 5, ofWorker.join());
      assertEquals(packagesIn(ofWorker.map((name) => scripts.get(name) ?? "")), []);
    });
  },
});

/** A package in the list of parts, as far as it is used. */
interface Component {
  readonly scope: string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
}

/** Where the runtime keeps what it has downloaded. */
async function cacheFolder(): Promise<string> {
  return (await infoJson<{ readonly denoDir: string }>()).denoDir;
}

async function infoJson<T>(...args: readonly string[]): Promise<T> {
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", ...args], cwd: ROOT });
  return JSON.parse(new TextDecoder().decode((await command.output()).stdout));
}

/** Copies these packages, and what `deno bundle` runs, from the cache of this machine. */
async function copyCache(folder: string, packages: readonly string[]): Promise<void> {
  const cache = await cacheFolder();
  const copy = async (path: string): Promise<void> =>
    await cp(path, `${folder}/${relative(cache, path)}`, { recursive: true });
  for await (const { name } of Deno.readDir(`${cache}/dl`)) {
    if (name.startsWith("esbuild-")) await copy(`${cache}/dl/${name}`);
  }
  const { npmPackages } = await infoJson<GraphInfo>("main.ts");
  for (const { localPath } of Object.values(npmPackages)) {
    if (packages.some((each) => localPath.replaceAll("\\", "/").endsWith(`/${each}`))) await copy(localPath);
  }
}

/** What the runtime says of a module's imports, as far as it is used. */
interface GraphInfo {
  readonly npmPackages: Readonly<Record<string, { readonly localPath: string }>>;
}

/** The scripts that a checkout's own tool makes. */
async function bundleOf(checkout: string, cache?: string): Promise<Map<string, string>> {
  const folder = `${checkout}/dist/bundle`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/stale.js`, "of an earlier bundle");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { bundleProgram } from "./tools/bundle.ts"; await bundleProgram(${JSON.stringify(folder)});`,
    ],
    cwd: checkout,
    env: cache === undefined ? {} : { DENO_DIR: cache, HTTPS_PROXY: "http://127.0.0.1:1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  assertEquals([...Deno.readDirSync(`${checkout}/dist`)].map(({ name }) => name), ["bundle"]);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  // An executable records them.
  const times = names.map((name) => Deno.statSync(`${folder}/${name}`).mtime?.getTime());
  assertEquals([...new Set(times)], [0]);
  return new Map(names.map((name) => [name, Deno.readTextFileSync(`${folder}/${name}`)]));
}

/** The packages in scripts, `name/version`, which the comments before their modules name. */
function packagesIn(texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(/^\/\/ npm:((?:@[^/]+\/)?[^/]+\/[^/]+)\//gm)]);
  return [...new Set(found.map(([, name = ""]) => name))];
}

/** What a script loads before it runs. */
function loadedBy(first: string, scripts: ReadonlyMap<string, string>): string[] {
  const loaded = new Set([first]);
  for (const name of loaded) {
    const imports = (scripts.get(name) ?? "").matchAll(
      /^(?:import|export|\}) ?(?:.*from )?"\.\/([^"]+)";$/gm,
    );
    for (const [, other = ""] of imports) loaded.add(other);
  }
  return [...loaded];
}
