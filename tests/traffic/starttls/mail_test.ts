import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCli } from "../../../lib/cli/mod.ts";
import { CapturedIo } from "../../helpers/fakes/captured_io.ts";
import { type TestProxy, withProxy } from "../../helpers/proxy/proxy.ts";
import { startDovecot, startExim } from "../../helpers/servers/server_process.ts";
import { originating, terminating, testTls } from "../../helpers/tls/tls_app.ts";
import type { TlsLab } from "../../helpers/tls/tls_lab.ts";
import { hasTool } from "../../helpers/programs/tools.ts";

/** What is missing for servers that only root can start, as the name of a program that there is not. */
const NOT_ROOT = Deno.build.os !== "windows" && Deno.uid() === 0 ? [] : ["root"];

/** What swaks needs for TLS. */
const NO_PERL_TLS = hasTool("perl") && hasPerlModule("Net::SSLeay") ? [] : ["libnet-ssleay-perl"];

function hasPerlModule(name: string): boolean {
  return new Deno.Command("perl", { args: [`-M${name}`, "-e", "1"], stderr: "null" }).outputSync().success;
}

/** Runs a program to its end; what it printed, on both outputs. */
async function output(command: string, args: readonly string[], input = ""): Promise<string> {
  const process = new Deno.Command(command, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { stdout, stderr } = await process.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** What a client of openssl is shown behind STARTTLS, by the server that it asks for. */
async function certificateOf({ port }: TestProxy, protocol: "smtp" | "imap", name: string): Promise<string> {
  const args = ["-connect", `127.0.0.1:${port}`, "-starttls", protocol, "-servername", name];
  const text = await output(
    "openssl",
    ["s_client", ...args],
    protocol === "smtp" ? "QUIT\r\n" : "a LOGOUT\r\n",
  );
  return /subject=(.*)/.exec(text)?.[1] ?? text;
}

/** Sends EHLO with swaks, with TLS where that is asked for, and gives the conversation. */
function swaks({ port }: TestProxy, ...args: readonly string[]): Promise<string> {
  const until = args.includes("--quit-after")
    ? []
    : ["--quit-after", args.includes("--tls") ? "EHLO" : "FIRST-EHLO"];
  return output("swaks", [
    "--server",
    "127.0.0.1",
    "--port",
    String(port),
    "--to",
    "a@b.test",
    ...until,
    ...args,
  ]);
}

/** Lists the mailboxes of a user with curl. */
function curlImap({ port }: TestProxy, ...args: readonly string[]): Promise<string> {
  const who = ["-sS", "-u", "user:secret", "--max-time", "10"];
  return output("curl", [
    ...who,
    ...args,
    `imap://localhost:${port}/`,
    "--connect-to",
    `::127.0.0.1:${port}`,
  ]);
}

/** A certificate's texts, for an Exim, which has an account of its own. */
async function eximTls(lab: TlsLab, name: string): Promise<string[]> {
  const made = lab.folder.make(name, { altNames: `DNS:${name}`, issuer: lab.ca });
  await Deno.chmod(lab.folder.path, 0o755);
  await Deno.chmod(made.keyFile, 0o644);
  return [
    "tls_advertise_hosts = *",
    `tls_certificate = ${made.certFile}`,
    `tls_privatekey = ${made.keyFile}`,
    `smtp_banner = ${name}`,
  ];
}

testTls(
  "starttls smtp: swaks and openssl reach real servers, TLS passed on, ended, begun, and both",
  async (lab) => {
    await using secure = await startExim(...await eximTls(lab, "a.example.com"));
    await using second = await startExim(...await eximTls(lab, "b.example.com"));
    await using plain = await startExim("tls_advertise_hosts =", "smtp_banner = plain");
    const [a, b, c] = [secure, second, plain].map(({ port }) => `127.0.0.1:${port}`);
    const io = new CapturedIo();
    const hello = ["--starttls", "smtp", "--sni", "a.example.com", "--send", "EHLO me\\r\\nQUIT\\r\\n"];
    assertEquals(await runCli(["probe", a ?? "", ...hello, "--timeout", "2s"], io), 0);
    assertMatch(io.printed, /certificate "CN=a\.example\.com"[^]*250-mail\.test Hello/);
    const starttls = { protocol: "smtp", ["host_name"]: "mx.example.com" };

    await withProxy({
      starttls,
      routes: [{ sni: ["a.example.com"], targets: [a] }, { sni: ["*"], targets: [b] }],
    }, async (proxy) => {
      assertEquals(await certificateOf(proxy, "smtp", "a.example.com"), "CN = a.example.com");
      assertEquals(await certificateOf(proxy, "smtp", "b.example.com"), "CN = b.example.com");
      const talked = await swaks(proxy, "--tls", "--tls-sni", "a.example.com");
      assertStringIncludes(talked, "mx.example.com ESMTP");
      assertMatch(talked, /TLS started with cipher[^]*250-mail\.test Hello/);
      const refused = await swaks(proxy, "--quit-after", "MAIL");
      assertStringIncludes(refused, "530 5.7.0 Must issue a STARTTLS command first");
    });
    await withProxy({ starttls, targets: [c], ...terminating(lab) }, async (proxy) => {
      const talked = await swaks(proxy, "--tls", "--tls-ca-path", lab.ca.certFile, "--tls-verify");
      assertMatch(talked, /TLS started with cipher[^]*250-mail\.test Hello/);
    });
    await withProxy({
      starttls,
      targets: [a],
      health_check: { interval: "500ms", timeout: "500ms", tls: true },
      ...originating(lab, { server_name: "a.example.com" }),
    }, async (proxy) => {
      // The target's own greeting, and no offer of TLS, as it is there already.
      const talked = await swaks(proxy);
      assertStringIncludes(talked, "220 a.example.com");
      assertEquals(talked.includes("STARTTLS"), false);
      assertEquals(proxy.log.targetChanges, []);
    });
    await withProxy({
      starttls,
      targets: [a],
      ...terminating(lab),
      ...originating(lab, { server_name: "a.example.com" }),
    }, async (proxy) => {
      assertMatch(await swaks(proxy, "--tls"), /TLS started with cipher[^]*250-mail\.test Hello/);
    });
    await withProxy({ starttls, targets: [c], ...originating(lab) }, async (proxy) => {
      await swaks(proxy);
      const { failures } = await proxy.outcome();
      assertEquals(failures.map(({ message }) => message), [
        "before TLS: the target offers no STARTTLS: turn TLS on there",
      ]);
    });
  },
  "exim4",
  "swaks",
  ...NOT_ROOT,
  ...NO_PERL_TLS,
);

testTls(
  "starttls imap: curl and openssl reach real servers, TLS passed on, ended, begun, and both",
  async (lab) => {
    const other = lab.folder.make("b.example.com", { altNames: "DNS:b.example.com", issuer: lab.ca });
    await using secure = await startDovecot("secure", lab.local);
    await using second = await startDovecot("second", other);
    await using plain = await startDovecot("plain");
    const [a, b, c] = [secure, second, plain].map(({ port }) => `127.0.0.1:${port}`);
    const withTls = ["--ssl-reqd", "--cacert", lab.ca.certFile];
    const INBOX = '* LIST (\\HasNoChildren) "." INBOX';

    await withProxy({
      starttls: "imap",
      routes: [{ sni: ["localhost"], targets: [a] }, { sni: ["*"], targets: [b] }],
    }, async (proxy) => {
      assertEquals(await certificateOf(proxy, "imap", "localhost"), "CN = local");
      assertEquals(await certificateOf(proxy, "imap", "b.example.com"), "CN = b.example.com");
      assertStringIncludes(await curlImap(proxy, ...withTls), INBOX);
      assertStringIncludes(await curlImap(proxy), "Login denied");
    });
    await withProxy({ starttls: "imap", targets: [c], ...terminating(lab) }, async (proxy) => {
      assertStringIncludes(await curlImap(proxy, ...withTls), INBOX);
    });
    await withProxy({ starttls: "imap", targets: [a], ...originating(lab) }, async (proxy) => {
      assertStringIncludes(await curlImap(proxy), INBOX);
      assertMatch(await curlImap(proxy, "-v"), /\* OK secure\r?\n/);
    });
    await withProxy({
      starttls: "imap",
      targets: [a],
      ...terminating(lab),
      ...originating(lab),
    }, async (proxy) => {
      assertStringIncludes(await curlImap(proxy, ...withTls), INBOX);
    });
  },
  "dovecot",
  "curl",
  ...NOT_ROOT,
);
