/**
 * Proves that an executable runs on this system: its version and commit, a config, traffic through it, its health check,
 * its end. `deno run -A tools/ship/smoke.ts dist/tcpproxy [--commit HASH]`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command for developers

import { parseArgs } from "@std/cli/parse-args";
import manifest from "../../deno.json" with { type: "json" };

/** How long a step may take. */
const PATIENCE_MS = 60_000;

/** What goes through the proxy and back. */
const TRAFFIC_BYTES = 4 * 1024 * 1024;

/** A step of the smoke test failed. */
export class SmokeTestError extends Error {
  override readonly name = "SmokeTestError";
}

/**
 * Runs an executable as a user would, and tells of each step.
 *
 * @throws {SmokeTestError} for the first thing that is not as expected.
 */
export async function smokeTest(
  executable: string,
  { commit, tell }: { readonly commit?: string | undefined; readonly tell: (line: string) => void },
): Promise<void> {
  const info = JSON.parse(await outputOf(executable, "version", "--json"));
  expect("version", info.version, manifest.version);
  if (commit !== undefined) {
    expect("commit", info.commit, commit);
    expect("modified", info.modified, false);
  }
  tell(`version ${info.version}, commit ${info.commit}, ${info.target}`);

  const folder = await Deno.makeTempDir({ prefix: "tcpproxy-smoke-" });
  using echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const echoing = echoOnce(echo);
  const [port, adminPort] = freePorts();
  const config = `${folder}/config.yaml`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      admin: { listen: `127.0.0.1:${adminPort}` },
      apps: [{ name: "smoke", listen: [`127.0.0.1:${port}`], targets: [`127.0.0.1:${echo.addr.port}`] }],
    }),
  );
  await outputOf(executable, "check", "--quiet", "-c", config);
  tell("the config is valid");

  const child = new Deno.Command(executable, { args: ["-c", config], stdout: "null", stderr: "inherit" })
    .spawn();
  let hasEnded = false;
  const status = child.status.finally(() => hasEnded = true);
  try {
    await healthy(executable, adminPort);
    tell("healthy");
    await roundTrip(port);
    await echoing;
    tell(`${TRAFFIC_BYTES} bytes went there and back`);
    child.kill("SIGTERM");
    const { code } = await within(status, "the end after SIGTERM");
    // Windows has no signals: the process is ended from outside.
    if (Deno.build.os !== "windows") expect("exit code", code, 0);
    tell("ended");
  } finally {
    if (!hasEnded) child.kill("SIGKILL");
    await status;
    await Deno.remove(folder, { recursive: true });
  }
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual === expected) return;
  throw new SmokeTestError(`${what} is ${JSON.stringify(actual)}; expected ${JSON.stringify(expected)}`);
}

async function outputOf(executable: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(executable, { args }).output();
  if (code === 0) return new TextDecoder().decode(stdout);
  const said = new TextDecoder().decode(stderr).trim();
  throw new SmokeTestError(`"${args.join(" ")}" ended with ${code}, saying: ${said}`);
}

/** Two ports that nobody listened on a moment ago. */
function freePorts(): [number, number] {
  using one = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return [one.addr.port, other.addr.port];
}

/** Asks once the port is bound: each question starts a process. */
async function healthy(executable: string, adminPort: number): Promise<void> {
  const url = `http://127.0.0.1:${adminPort}`;
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    if (await isBound(adminPort)) {
      const command = new Deno.Command(executable, { args: ["health", "--quiet", "--url", url] });
      if ((await command.output()).success) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new SmokeTestError("the proxy is not ready; expected it to be within a minute");
}

async function isBound(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

async function echoOnce(listener: Deno.Listener): Promise<void> {
  using conn = await listener.accept();
  const buffer = new Uint8Array(65_536);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    await writeAll(conn, buffer.subarray(0, count));
  }
}

async function roundTrip(port: number): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const sent = new Uint8Array(TRAFFIC_BYTES).map((_, index) => index * 31 >> 3);
  const writing = writeAll(conn, sent).then(() => conn.closeWrite());
  let received = 0;
  const buffer = new Uint8Array(65_536);
  const reading = (async () => {
    for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
      for (let at = 0; at < count; at++) {
        if (buffer[at] !== sent[received + at]) throw new SmokeTestError(`byte ${received + at} has changed`);
      }
      received += count;
    }
  })();
  await within(Promise.all([writing, reading]), "the traffic");
  expect("bytes that came back", received, sent.length);
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await conn.write(bytes.subarray(written));
}

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new SmokeTestError(`${what} took more than a minute`)), PATIENCE_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function main(): Promise<void> {
  const { _: [executable], commit } = parseArgs(Deno.args, { string: ["_", "commit"] });
  if (executable === undefined) {
    console.error("smoke: no executable given; expected smoke.ts EXECUTABLE [--commit HASH]");
    Deno.exitCode = 2;
    return;
  }
  try {
    await smokeTest(String(executable), { commit, tell: (line) => console.log(`ok: ${line}`) });
  } catch (error) {
    if (!(error instanceof SmokeTestError)) throw error;
    console.error(`FAILED: ${error.message}`);
    Deno.exitCode = 1;
  }
}

if (import.meta.main) void main();
