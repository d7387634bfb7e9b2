import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { hasTool, missingTools } from "../helpers/programs/tools.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const SCRIPT = fileURLToPath(new URL("../../deploy/install.sh", import.meta.url));
const TARGET = "x86_64-unknown-linux-gnu";
const PROGRAM = '#!/bin/sh\necho "tcpproxy 9.9.9 ($1)"\n';

/** What the script uses beside the tools that a test is about. */
const TOOLS = ["sh", "cat", "awk", "cut", "grep", "mkdir", "mktemp", "rm", "mv", "chmod"] as const;

const missing = Deno.build.os === "linux" ? missingTools("sh", "curl", "sha256sum", "awk") : ["Linux"];

interface Release extends AsyncDisposable {
  readonly url: string;
  readonly asked: string[];
}

/** A server with the files of a release, by path. A stream that fails ends its connection early. */
function serveRelease(files: Readonly<Record<string, string | (() => ReadableStream<Uint8Array>)>>): Release {
  const asked: string[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
    onError: () => new Response(),
  }, (request) => {
    const path = new URL(request.url).pathname;
    asked.push(path);
    const file = files[path];
    if (file === undefined) return new Response("none", { status: 404 });
    if (typeof file === "string") return new Response(file);
    return new Response(file(), { headers: { "content-length": "100000" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/releases`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function sumOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The files of a latest release for one target. */
async function release(
  target = TARGET,
  folder = "/releases/latest/download",
): Promise<Record<string, string>> {
  return {
    [`${folder}/SHA256SUMS`]: `${await sumOf("other")}  tcpproxy-other\n${await sumOf(
      PROGRAM,
    )}  tcpproxy-${target}\n`,
    [`${folder}/tcpproxy-${target}`]: PROGRAM,
  };
}

interface RunOptions {
  readonly args?: readonly string[];
  /** Programs on the PATH beside {@link TOOLS}; default curl and sha256sum. */
  readonly tools?: readonly string[];
  /** What uname says. */
  readonly system?: readonly [system: string, machine: string];
  /** What `ldd --version` says. */
  readonly ldd?: string;
  /** What is run; default the script. */
  readonly script?: string;
}

interface Result {
  readonly code: number;
  readonly text: string;
  /** What is in the folder for the executable, temporary files too. */
  readonly installed: string[];
}

/** Runs the script with a PATH that has nothing but what the test gives it, over a version that is installed already. */
async function install(url: string, options: RunOptions = {}): Promise<Result> {
  const { args = [], tools = ["curl", "sha256sum"], system = ["Linux", "x86_64"], ldd = "GNU libc" } =
    options;
  await using folder = new TemporaryFolder();
  const path = folder.file("path");
  await Deno.mkdir(path);
  for (const tool of [...TOOLS, ...tools]) await Deno.symlink(await which(tool), `${path}/${tool}`);
  for (
    const [name, text] of [
      ["uname", `case $1 in -s) echo ${system[0]} ;; *) echo ${system[1]} ;; esac`],
      ["ldd", `echo "${ldd}"`],
    ]
  ) await Deno.writeTextFile(`${path}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  await Deno.mkdir(folder.file("bin"));
  await folder.write("bin/tcpproxy", "old");
  const script = options.script ?? await Deno.readTextFile(SCRIPT);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [await folder.write("install.sh", script), "--dir", folder.file("bin"), ...args],
    clearEnv: true,
    env: { PATH: path, TCPPROXY_RELEASES: url, HOME: folder.path },
    stdin: "null",
  }).output();
  const installed: string[] = [];
  for (const { name } of Deno.readDirSync(folder.file("bin"))) {
    const text = name === "tcpproxy" ? await Deno.readTextFile(folder.file("bin/tcpproxy")) : "";
    installed.push(text === PROGRAM ? "new" : text === "old" ? "old" : name);
  }
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), installed };
}

async function which(tool: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", 'command -v "$1"', "sh", tool] }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** A test of the script with a release of its own. */
function test(name: string, fn: () => Promise<void>, tools: readonly string[] = []): void {
  const lacking = [...missing, ...tools.filter((tool) => !hasTool(tool))];
  Deno.test({
    name: `install.sh: ${name}${lacking.length > 0 ? ` (missing: ${lacking.join()})` : ""}`,
    ignore: lacking.length > 0,
    fn,
  });
}

test("installs the latest release, over the one that is there", async () => {
  await using served = serveRelease(await release());
  const { code, text, installed } = await install(served.url);
  assertEquals([code, installed], [0, ["new"]], text);
  assertMatch(text, /Installed tcpproxy 9\.9\.9 \(version\) as \S+\/bin\/tcpproxy\n/);
  assertMatch(text, /Add \S+\/bin to your PATH/);
});

for (
  const { system, target } of [
    { system: ["Linux", "aarch64"], target: "aarch64-unknown-linux-gnu" },
    { system: ["Darwin", "arm64"], target: "aarch64-apple-darwin" },
    { system: ["Darwin", "x86_64"], target: "x86_64-apple-darwin" },
  ] as const
) {
  test(`on ${system.join(" ")} takes ${target}`, async () => {
    await using served = serveRelease(await release(target));
    const { code, text, installed } = await install(served.url, { system });
    assertEquals([code, installed], [0, ["new"]], text);
  });
}

test("--version takes that release", async () => {
  await using served = serveRelease(await release(TARGET, "/releases/download/v1.2.3"));
  const { code, text, installed } = await install(served.url, { args: ["--version", "v1.2.3"] });
  assertEquals([code, installed], [0, ["new"]], text);
});

test("works with wget and openssl", async () => {
  await using served = serveRelease(await release());
  const { code, text, installed } = await install(served.url, { tools: ["wget", "openssl"] });
  assertEquals([code, installed], [0, ["new"]], text);
}, ["wget", "openssl"]);

/** Each leaves what is installed as it was, and no temporary file. */
async function refuses(url: string, says: string, options: RunOptions = {}): Promise<void> {
  const { code, text, installed } = await install(url, options);
  assertEquals([code, installed], [1, ["old"]], text);
  assertStringIncludes(text, says);
}

test("refuses a file with another checksum", async () => {
  await using served = serveRelease({
    ...await release(),
    [`/releases/latest/download/tcpproxy-${TARGET}`]: `${PROGRAM}# more\n`,
  });
  await refuses(served.url, `the checksum of tcpproxy-${TARGET} is `);
});

test("refuses a file that has no checksum, or none that is one", async () => {
  const sums = "/releases/latest/download/SHA256SUMS";
  for (
    const [text, says] of [["", "has no line"], [
      `<html>  tcpproxy-${TARGET}\n`,
      "has no valid checksum",
    ]] as const
  ) {
    await using served = serveRelease({ ...await release(), [sums]: text });
    await refuses(served.url, says);
  }
});

test("refuses without a tool to verify the checksum, or to download, before it asks for anything", async () => {
  await using served = serveRelease(await release());
  await refuses(served.url, "there is nothing to verify checksums with", { tools: ["curl"] });
  await refuses(served.url, "there is neither curl nor wget", { tools: ["sha256sum"] });
  assertEquals(served.asked, []);
});

test("refuses a download that breaks off", async () => {
  const broken = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(controller): void {
        controller.enqueue(new TextEncoder().encode(PROGRAM));
      },
      pull(controller): void {
        controller.error(new Error("the server ends here"));
      },
    });
  await using served = serveRelease({
    ...await release(),
    [`/releases/latest/download/tcpproxy-${TARGET}`]: broken,
  });
  await refuses(served.url, "failed; check the address and the network");
});

test("refuses a release or a server that does not exist", async () => {
  await using served = serveRelease({});
  await refuses(served.url, "failed; check the address and the network");
});

test("refuses systems that have no executable", async () => {
  await using served = serveRelease({});
  await refuses(served.url, "no executable for FreeBSD", { system: ["FreeBSD", "amd64"] });
  await refuses(served.url, "no executable for the processor riscv64", { system: ["Linux", "riscv64"] });
  await refuses(served.url, "no executable for musl", { ldd: "musl libc (x86_64)" });
  assertEquals(served.asked, []);
});

test("refuses an executable that does not run", async () => {
  const program = "#!/bin/sh\nexit 127\n";
  await using served = serveRelease({
    "/releases/latest/download/SHA256SUMS": `${await sumOf(program)}  tcpproxy-${TARGET}\n`,
    [`/releases/latest/download/tcpproxy-${TARGET}`]: program,
  });
  await refuses(served.url, "does not run on this system");
});

test("a script that arrived in part does nothing", async () => {
  await using served = serveRelease(await release());
  const script = await Deno.readTextFile(SCRIPT);
  const whole = script.lastIndexOf('main "$@"');
  for (const share of [0.2, 0.5, 0.8, 1]) {
    const { installed } = await install(served.url, { script: script.slice(0, Math.floor(whole * share)) });
    assertEquals(installed, ["old"]);
  }
  assertEquals(served.asked, []);
});

test("says what is wrong with its arguments", async () => {
  await refuses("http://127.0.0.1:9", 'unknown argument "--force"', { args: ["--force"] });
  await refuses("http://127.0.0.1:9", "--version needs a value", { args: ["--version"] });
});

test("shellcheck finds nothing wrong, nor in the scripts of the Debian package", async () => {
  const scripts = ["postinst", "prerm", "postrm"].map((name) =>
    fileURLToPath(new URL(`../../deploy/debian/${name}`, import.meta.url))
  );
  const { code, stdout } = await new Deno.Command("shellcheck", { args: ["-s", "sh", SCRIPT, ...scripts] })
    .output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, ""]);
  assert(scripts.length > 0);
}, ["shellcheck"]);
