import { assert, assertEquals } from "@std/assert";
import { EMBEDDED_CONFIG, loadConfig } from "../../lib/config/mod.ts";
import { fileURLToPath } from "node:url";
import { configErrorOf } from "../helpers/config/config_error.ts";

const ROOT = new URL("../../", import.meta.url);
const TOO_LARGE = 1024 * 1024 + 1;

async function withFile(bytes: string | Uint8Array, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/config.yaml`;
    await Deno.writeFile(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function messageOf(path: string): Promise<string> {
  const error = await configErrorOf(() => loadConfig(path));
  assert(error.message.startsWith(`${path}:`), error.message);
  return error.message.slice(path.length + 1).trimStart();
}

Deno.test("loadConfig: the shipped config and every example load", async () => {
  const examples = [...Deno.readDirSync(new URL("examples/", ROOT))].filter(({ name }) =>
    name.endsWith(".yaml")
  );
  assert(examples.length > 0);
  for (const name of ["config.yaml", ...examples.map((entry) => `examples/${entry.name}`)]) {
    const config = await loadConfig(fileURLToPath(new URL(name, ROOT)));
    assert(config.apps.length > 0, name);
  }
});

Deno.test("EMBEDDED_CONFIG: is the text of the shipped config", () => {
  assertEquals(EMBEDDED_CONFIG, Deno.readTextFileSync(new URL("config.yaml", ROOT)));
});

Deno.test("loadConfig: relative paths start at the file's folder", async () => {
  const text = `log: { access: a.log }\napps: [{ name: a, ports: [1], targets: ["h:1"] }]\n`;
  await withFile(text, async (path) => {
    assertEquals((await loadConfig(path)).log.access, path.replace("config.yaml", "a.log"));
  });
});

Deno.test("loadConfig: a missing file", async () => {
  assertEquals(await messageOf("/nowhere/config.yaml"), "the file does not exist");
});

Deno.test("loadConfig: a directory", async () => {
  assertEquals(await messageOf("/"), "the path is a directory; expected a file");
});

Deno.test({
  name: "loadConfig: a path through a file",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withFile("", async (path) => {
      assertEquals(await messageOf(`${path}/x`), "the path leads through a file; expected folders");
    });
  },
});

Deno.test("loadConfig: a path with a NUL byte", async () => {
  const error = await configErrorOf(() => loadConfig("a\0b"));
  assertEquals(error.message, "a\\u0000b: the path has a NUL byte; remove it");
});

Deno.test({
  name: "loadConfig: without the permission to read, the flag is named",
  permissions: { read: false },
  fn: async () => {
    assertEquals(
      await messageOf("config.yaml"),
      "the runtime does not allow reading it; run with --allow-read",
    );
  },
});

Deno.test({
  name: "loadConfig: a file that the permission to read does not open is refused in other words",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const program = `
      import { loadConfig } from "${new URL("lib/config/mod.ts", ROOT)}";
      await loadConfig("/proc/self/status").catch((error) => console.log(error.message));`;
    await withFile(program, async (path) => {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-check",
          "--no-prompt",
          "--no-lock",
          "--config=deno.json",
          "--allow-read",
          "--ext=ts",
          path,
        ],
        cwd: ROOT,
      }).output();
      const message = new TextDecoder().decode(stdout);
      assert(message.includes(`give a regular file, or "-" for standard input`), message);
    });
  },
});

Deno.test("loadConfig: an empty file", async () => {
  await withFile("", async (path) => {
    assertEquals(await messageOf(path), `the text is empty; expected a mapping with "apps"`);
  });
});

Deno.test("loadConfig: bytes that are no text", async () => {
  await withFile(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe]), async (path) => {
    assertEquals(await messageOf(path), "the file is no UTF-8 text; save it as UTF-8");
  });
});

Deno.test("loadConfig: UTF-16 is named", async () => {
  await withFile(new Uint8Array([0xff, 0xfe, 0x61, 0x00]), async (path) => {
    assertEquals(await messageOf(path), "the file is no UTF-8 text but UTF-16; save it as UTF-8");
  });
});

Deno.test("loadConfig: a file above the limit is refused by its size, however large", async () => {
  await withFile("", async (path) => {
    await Deno.truncate(path, 50_000_000_000);
    assertEquals(await messageOf(path), "the file has 50000000000 bytes; expected at most 1048576");
  });
});

Deno.test("loadConfig: what has no size is read up to the limit", async () => {
  assertEquals(
    await messageOf("/dev/zero"),
    "the file has more than 1048576 bytes; expected at most 1048576",
  );
});

Deno.test("loadConfig: a file of exactly the limit is read", async () => {
  const text = `apps: [{ name: a, ports: [1], targets: ["h:1"] }]\n`;
  await withFile(text + "#".repeat(TOO_LARGE - 1 - text.length), async (path) => {
    assertEquals((await loadConfig(path)).apps.length, 1);
  });
});

Deno.test("loadConfig: a pipe is read to its end", async () => {
  const program = `
    import { loadConfig } from "${new URL("lib/config/mod.ts", ROOT)}";
    console.log(JSON.stringify((await loadConfig("/dev/stdin")).log));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", program],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("log: { access: a.log }\napps:\n  - { name: a, "));
  await writer.write(new TextEncoder().encode(`ports: [1], targets: ["h:1"] }\n`));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assertEquals(
    decoder.decode(stdout),
    `{"level":"info","format":"text","access":"a.log","accessIntervalMs":null,"tcpInfo":false}\n`,
    decoder.decode(stderr),
  );
});
