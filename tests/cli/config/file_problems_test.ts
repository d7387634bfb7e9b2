import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { findFileProblems } from "../../../lib/cli/config/file_problems.ts";
import { runCli } from "../../../lib/cli/mod.ts";
import { ConfigDocument } from "../../../lib/config/mod.ts";
import { isTlsSupported } from "../../../lib/tls/mod.ts";
import { CapturedIo } from "../../helpers/fakes/captured_io.ts";
import { CertificateFolder, type TestCertificate } from "../../helpers/tls/certificates.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

function configText({ certFile }: TestCertificate, { keyFile }: TestCertificate): string {
  return `apps:
  - name: a
    listen: ["unix:a.sock"]
    targets: ["127.0.0.1:1"]
    tls:
      certificates:
        - cert: ${certFile}
          key: ${keyFile}
`;
}

function test(name: string, fn: (folder: CertificateFolder) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !isTlsSupported() || missingTools("openssl").length > 0,
    fn: async () => {
      using folder = new CertificateFolder();
      await fn(folder);
    },
  });
}

test("check and run: a key of another certificate is reported at its line, and ends with 2", async (folder) => {
  const path = folder.write("c.yaml", configText(folder.make("one"), folder.make("two")));
  for (const words of [["check"], ["check", "--quiet"], ["run"]]) {
    const io = new CapturedIo();
    assertEquals(await runCli([...words, "-c", path], io), 2, io.complaints);
    assertEquals(io.printed, "");
    assertStringIncludes(
      io.complaints,
      `${path}:8:16: apps[0].tls.certificates[0].key: the key does not match the certificate`,
    );
    assertStringIncludes(io.complaints, `    8 |           key: ${folder.path}/two.key\n`);
  }
});

test("check: an expired certificate ends with 2", async (folder) => {
  const old = folder.make("old", { days: -1 });
  const path = folder.write("c.yaml", configText(old, old));
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-c", path], io), 2);
  assertMatch(
    io.complaints,
    /:7:17: apps\[0\]\.tls\.certificates\[0\]\.cert: the certificate "CN=old" expired on/,
  );
});

test("check: one that is about to expire is a warning on stderr, and all is well", async (folder) => {
  const soon = folder.make("soon", { days: 5 });
  const path = folder.write("c.yaml", configText(soon, soon));
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-c", path], io), 0);
  assertMatch(
    io.complaints,
    /:7:17: .*: warning: the certificate "CN=soon" expires on .*, in less than 14 days/,
  );
  assertStringIncludes(io.printed, "name: a");
});

Deno.test("check and run: a token that cannot be used is reported at its line, and ends with 2", async () => {
  await using folder = new TemporaryFolder();
  const text = `admin:
  token_file: admin.token
apps:
  - { name: a, listen: ["unix:a.sock"], targets: ["127.0.0.1:1"] }
`;
  const path = await folder.write("c.yaml", text);
  for (const words of [["check"], ["check", "--quiet"], ["run"]]) {
    await Deno.remove(folder.file("admin.token")).catch(() => {});
    const missing = new CapturedIo();
    assertEquals(await runCli([...words, "-c", path], missing), 2, missing.complaints);
    assertStringIncludes(
      missing.complaints,
      `${path}:2:15: admin.token_file: the file "${folder.path}/admin.token" does not exist; ` +
        "expected a file with a token\n    2 |   token_file: admin.token\n",
    );
    await folder.write("admin.token", "short");
    const short = new CapturedIo();
    assertEquals(await runCli([...words, "-c", path], short), 2);
    assertStringIncludes(short.complaints, "has a token of 5 characters; expected at least 16");
    assertEquals([missing.printed, short.printed], ["", ""]);
  }
  await folder.write("admin.token", "long enough to be one".replaceAll(" ", "-"));
  if (Deno.build.os !== "windows") {
    await Deno.chmod(folder.file("admin.token"), 0o644);
    const open = new CapturedIo();
    assertEquals(await runCli(["check", "-c", path], open), 0);
    assertStringIncludes(
      open.complaints,
      `${path}:2:15: admin.token_file: warning: every user may read the token in "${folder.path}/admin.token"`,
    );
    await Deno.chmod(folder.file("admin.token"), 0o640);
  }
  const good = new CapturedIo();
  assertEquals(await runCli(["check", "-c", path], good), 0);
  assertEquals(good.complaints, "");
});

const IDLE = `apps:
  - name: a
    listen: ["unix:a.sock"]
    targets: ["127.0.0.1:1"]
    on_target_down: close
`;

Deno.test("check: what has no effect is a warning on stderr, with its place, and all is well", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write("c.yaml", IDLE);
  for (const words of [["check"], ["check", "--quiet"]]) {
    const io = new CapturedIo();
    assertEquals(await runCli([...words, "-c", path], io), 0);
    assertStringIncludes(
      io.complaints,
      `${path}:5:21: apps[0].on_target_down: warning: without checks no target goes down; ` +
        `set "health_check"\n    5 |     on_target_down: close\n`,
    );
  }
  const io = new CapturedIo();
  const better = await folder.write("b.yaml", `${IDLE}    health_check: {}\n`);
  assertEquals(await runCli(["check", "-q", "-c", better], io), 0);
  assertEquals(io.complaints, "");
});

Deno.test("findFileProblems: what has no effect is one line for the log, and keeps nothing from running", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write("c.yaml", IDLE);
  const findings = await findFileProblems(await ConfigDocument.load(path), { kind: "file", path });
  assertEquals([findings.isFatal, findings.hasErrors], [false, false]);
  assertEquals(findings.lines, [
    `${path}:5:21: apps[0].on_target_down: without checks no target goes down; set "health_check"`,
  ]);
});

Deno.test("check and run: what only the native engine has is refused at its place, unless --engine says native", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write(
    "c.yaml",
    `log: { tcp_info: true }
defaults: { mark: 5 }
apps:
  - name: a
    ports: [5001]
    targets: ["127.0.0.1:1"]
    keepalive: { idle: 5s }
`,
  );
  const sockets = `the runtime's sockets, to which "engine: auto" may fall back,`;
  const remedy = `set "engine: native" at the top of the config, or `;
  for (const words of [["check"], ["run"]]) {
    const io = new CapturedIo();
    assertEquals(await runCli([...words, "-c", path], io), 2, io.complaints);
    assertStringIncludes(
      io.complaints,
      `${path}:1:18: log.tcp_info: ${sockets} measure nothing; ${remedy}remove "tcp_info"`,
    );
    assertStringIncludes(
      io.complaints,
      `${path}:2:13: defaults.mark: ${sockets} do not have this option; ${remedy}remove "mark"`,
    );
    assertStringIncludes(
      io.complaints,
      `${path}:7:5: apps[0].keepalive: ${sockets} probe at the system's times; ${remedy}"keepalive: true"`,
    );
  }
  const io = new CapturedIo();
  assertEquals(await runCli(["check", "-c", path, "--engine", "native", "--quiet"], io), 0, io.complaints);
});

Deno.test("check: a template that names what the kernel measures needs the native engine", async () => {
  await using folder = new TemporaryFolder();
  const apps = `apps: [{ name: a, ports: [5001], targets: ["127.0.0.1:1"] }]`;
  const codeOf = async (log: string): Promise<number> => {
    const path = await folder.write("c.yaml", `log: ${log}\n${apps}\n`);
    return await runCli(["check", "-c", path, "--quiet"], new CapturedIo());
  };
  assertEquals(await codeOf(`{ format: "{id} {target_rtt_ms}" }`), 2);
  assertEquals(await codeOf(`{ format: "{id} {connect_ms}" }`), 0);
  assertEquals(await codeOf(`{ format: "{id} {target_rtt_ms}", access: off }`), 0);
});
