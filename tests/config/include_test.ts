import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { parseGlob } from "../../lib/config/include/glob.ts";
import { ConfigDocument, type ConfigError, loadConfig, resolveConfig } from "../../lib/config/mod.ts";
import { configErrorOf } from "../helpers/config/config_error.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** A folder with these files. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = new TemporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const slash = name.lastIndexOf("/");
    if (slash > 0) await Deno.mkdir(folder.file(name.slice(0, slash)), { recursive: true });
    await folder.write(name, text);
  }
  return folder;
}

function app(name: string, port: number, more = ""): string {
  return `apps:\n  - name: ${name}\n    ports: [${port}]\n    targets: ["h:1"]\n${more}`;
}

/** The first lines of a report's problems, without the folder. */
function problemsIn(error: ConfigError, folder: TemporaryFolder): string[] {
  return error.message.split("\n").filter((line) => line.startsWith(folder.path))
    .map((line) => line.replaceAll(`${folder.path}/`, ""));
}

async function faultsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  await using folder = await folderWith(files);
  return problemsIn(await configErrorOf(() => loadConfig(folder.file("c.yaml"))), folder);
}

Deno.test("include: apps follow in the order of patterns and names, each file once", async () => {
  await using folder = await folderWith({
    "c.yaml": `include: [conf.d/*.yaml, "./conf.d/b.yaml", "nothing/*.yaml", "?.yml"]\n${app("own", 1)}`,
    "conf.d/b.yaml": app("b", 3),
    "conf.d/a.yaml": app("a", 2),
    "conf.d/.hidden.yaml": app("hidden", 4),
    "conf.d/readme.txt": "no config",
    "x.yml": app("x", 5),
    "xy.yml": app("xy", 6),
  });
  const { apps } = await loadConfig(folder.file("c.yaml"));
  assertEquals(apps.map(({ name }) => name), ["own", "a", "b", "x"]);
});

Deno.test("include: the config need have no app of its own, and relative paths start at their file", async () => {
  const tls = (name: string): string => `tls: { certificates: [{ cert: ${name}.pem, key: ${name}.key }] }`;
  await using folder = await folderWith({
    "c.yaml": `include: ["*/*.yaml"]\ndefaults: { idle_timeout: 1m, connect_timeout: 1s, ${tls("common")} }`,
    "a/1.yaml": app("a", 1),
    "b/1.yaml": `defaults: { idle_timeout: 2m }\n${app("b", 2, `    ${tls("own")}\n`)}`,
    "c/1.yaml": `defaults: { ${tls("file")} }\n${app("c", 3, "    idle_timeout: 3m\n")}`,
  });
  const { apps } = await loadConfig(folder.file("c.yaml"));
  assertEquals(apps.map(({ idleTimeoutMs }) => idleTimeoutMs), [60_000, 120_000, 180_000]);
  assertEquals(apps.map(({ connectTimeoutMs }) => connectTimeoutMs), [1000, 1000, 1000]);
  assertEquals(
    apps.map(({ tls }) => tls?.certificates[0]?.cert.replace(`${folder.path}/`, "")),
    ["common.pem", "b/own.pem", "c/file.pem"],
  );
});

Deno.test("include: included files include others, and a link counts as the file", async () => {
  await using folder = await folderWith({
    "c.yaml": `include: [sub/a.yaml]\n${app("own", 1)}`,
    "sub/a.yaml": `include: [b.yaml, link.yaml]\n${app("a", 2)}`,
    "sub/b.yaml": app("b", 3),
  });
  await Deno.symlink("b.yaml", folder.file("sub/link.yaml"));
  const { apps } = await loadConfig(folder.file("c.yaml"));
  assertEquals(apps.map(({ name }) => name), ["own", "a", "b"]);
});

Deno.test("include: problems have the place in their own file, in the order of the files", async () => {
  assertEquals(
    await faultsOf({
      "c.yaml": `include: [a.yaml, b.yaml]\nlgo: {}\n`,
      "a.yaml": "defaults: { idle_timeut: 1s }\n" + app("a", 70000),
      "b.yaml": app("b", 1, "    queue_timeout: 5\n") + "x: [",
    }),
    [
      'c.yaml:2:1: lgo: unknown key; expected one of workers, log, admin, …; did you mean "log"?',
      'a.yaml:1:13: defaults.idle_timeut: unknown key; expected one of host, balance, hash_key, …; did you mean "idle_timeout"?',
      "a.yaml:4:13: apps[0].ports[0]: the port is 70000; expected a whole number from 1 to 65535",
      'b.yaml:6:4: the bracket that opens here is not closed; expected "]"',
    ],
  );
});

Deno.test("include: names and addresses that two files have are reported with both places", async () => {
  assertEquals(
    await faultsOf({
      "c.yaml": `include: [a.yaml, b.yaml]\n${app("own", 1)}`,
      "a.yaml": app("own", 2),
      "b.yaml": app("b", 2),
    }),
    [
      'a.yaml:2:11: apps[0].name: the name "own" is that of apps[0] (c.yaml:3:5) too; give each app its own',
      'b.yaml:3:13: apps[0].ports[0]: the address "[::]:2" is taken by apps[0].ports[0] (a.yaml:3:13); choose a free one',
    ],
  );
});

Deno.test("include: targets that lead round through files are found", async () => {
  const faults = await faultsOf({
    "c.yaml": `include: [a.yaml]\n${app("own", 1).replace("h:1", "127.0.0.1:2")}`,
    "a.yaml": app("a", 2).replace("h:1", "127.0.0.1:1"),
  });
  assertEquals(faults.length, 1);
  assertStringIncludes(faults[0] ?? "", "apps[0].ports[0] (c.yaml:4:13)");
});

Deno.test("include: a plain path must exist, a file must not include itself, and main keys stay in the config", async () => {
  assertEquals(
    await faultsOf({
      "c.yaml": `include: [missing.yaml, "*.yaml", folder]\n${app("own", 1)}`,
      "folder/x": "",
      "d.yaml": `include: [e.yaml]\nadmin: {}\n${app("d", 2)}`,
      "e.yaml": `include: [d.yaml]\n${app("e", 3)}`,
    }),
    [
      'c.yaml:1:11: include[0]: the file "missing.yaml" cannot be included: the file does not exist',
      'c.yaml:1:25: include[1]: the file "c.yaml" includes itself, directly or through others; remove it from "include"',
      'c.yaml:1:35: include[2]: the file "folder" cannot be included: the path is a directory; expected a file',
      'd.yaml:2:1: admin: the key is read in the config itself alone; an included file has "apps", "defaults" and "include"',
      'e.yaml:1:11: include[0]: the file "d.yaml" includes itself, directly or through others; remove it from "include"',
    ],
  );
});

Deno.test("include: without any app there is one problem", async () => {
  assertEquals(await faultsOf({ "c.yaml": `include: ["conf.d/*.yaml"]\n` }), [
    "c.yaml:1:10: include: the config and the files that it includes have no app; expected at least one",
  ]);
  assertEquals(await faultsOf({ "c.yaml": `include: [a.yaml]\napps: []\n`, "a.yaml": "apps: []\n" }), [
    "c.yaml:1:10: include: the config and the files that it includes have no app; expected at least one",
  ]);
});

Deno.test("include: a file may have an empty list of apps where another has one", async () => {
  await using folder = await folderWith({
    "c.yaml": "include: [conf.d/*.yaml]\napps: []\n",
    "conf.d/a.yaml": app("a", 1),
    "conf.d/b.yaml": "apps: []\n",
  });
  const { apps } = await loadConfig(folder.file("c.yaml"));
  assertEquals(apps.map(({ name }) => name), ["a"]);
});

Deno.test("include: a variable that is not set is shown in the file that refers to it", async () => {
  assertEquals(
    await faultsOf({
      "c.yaml": `include: [a.yaml]`,
      "a.yaml": app("a", 1).replace("h:1", "${TCPPROXY_TEST_NOT_SET}"),
    }),
    [
      'a.yaml:4:16: apps[0].targets[0]: the environment variable "TCPPROXY_TEST_NOT_SET" is not set; ' +
      'set it, or give a default: "${TCPPROXY_TEST_NOT_SET:-…}"',
    ],
  );
});

Deno.test("include: a config made in code includes nothing", async () => {
  const value = { include: ["a.yaml"], apps: [{ name: "a", ports: [1], targets: ["h:1"] }] };
  const { message } = await configErrorOf(() => resolveConfig(value, { source: "test" }));
  assertStringIncludes(
    message,
    'test: include: files are included by files alone; give their apps in "apps"',
  );
});

Deno.test("ConfigDocument: knows its files, folders and variables, and reports by the app's number", async () => {
  await using folder = await folderWith({
    "c.yaml": `include: ["conf.d/*.yaml"]\ndefaults: { tls: { certificates: [{ cert: a, key: b }] } }\n${
      app("own", 1)
    }`,
    "conf.d/a.yaml": app("a", 2, "    connect_timeout: ${TCPPROXY_TEST_NOT_SET:-1s}\n"),
    "conf.d/b.yaml": `defaults: { starttls: smtp }\n` + app("b", 3),
  });
  const document = await ConfigDocument.load(folder.file("c.yaml"));
  assertEquals(document.variables, ["TCPPROXY_TEST_NOT_SET"]);
  assertEquals(document.included, [folder.file("conf.d/a.yaml"), folder.file("conf.d/b.yaml")]);
  assertEquals(document.folders, [folder.path, folder.file("conf.d")]);
  const error = document.errorFor([
    { path: ["apps", 2, "starttls"], message: "1" },
    { path: ["apps", 1, "connect_timeout"], message: "2" },
    { path: ["apps", 1, "tls", "certificates", 0], message: "3" },
    { path: ["apps", 2], message: "4" },
  ]);
  assertEquals(problemsIn(error, folder), [
    "c.yaml:2:35: defaults.tls.certificates[0]: 3",
    "conf.d/a.yaml:5:22: apps[0].connect_timeout: 2",
    "conf.d/b.yaml:1:23: defaults.starttls: 1",
    "conf.d/b.yaml:3:5: apps[0]: 4",
  ]);
});

Deno.test("ConfigDocument.warnings: what has no effect in an included file is shown there", async () => {
  await using folder = await folderWith({
    "c.yaml": `include: [a.yaml]\n${app("own", 1)}`,
    "a.yaml": app("a", 2, "    on_target_down: close\n"),
  });
  const document = await ConfigDocument.load(folder.file("c.yaml"));
  const [problem] = problemsIn(document.errorFor(document.warnings()), folder);
  assertStringIncludes(
    problem ?? "",
    "a.yaml:5:21: apps[0].on_target_down: without checks no target goes down",
  );
});

Deno.test("parseGlob: a step matches names as a shell does, and no pattern takes long", () => {
  const matches = (pattern: string, name: string): boolean => {
    const [step] = parseGlob(pattern).steps;
    return typeof step === "function" && step(name);
  };
  assertEquals(
    ([["*.yaml", "a.yaml"], ["*.yaml", ".a.yaml"], [".*", ".a"], ["a?c", "abc"], ["a?c", "ac"], [
      "[a]*",
      "[a]b",
    ]] as const)
      .map(([pattern, name]) => matches(pattern, name)),
    [true, false, true, true, false, true],
  );
  fc.assert(fc.property(fc.stringMatching(/^[a-z]{1,8}$/), fc.nat(7), (name, at) => {
    assertEquals(matches(`${name.slice(0, at)}*`, name), true);
    assertEquals(matches(`?${name.slice(1)}`, name), true);
  }));
  assertEquals(matches("*a".repeat(20) + "*b", "a".repeat(40)), false);
  assertEquals(parseGlob("/etc//x/*.y").root, "/");
});
