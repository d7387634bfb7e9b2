/**
 * Every config that a page or a folder shows is one that `tcpproxy check` accepts.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { CertificateFolder, type TestCertificate } from "../helpers/tls/certificates.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { runCli } from "../../lib/cli/mod.ts";
import { completeConfig, FragmentError, isConfigBlock, namedFiles } from "./config_block.ts";
import type { Block } from "./markdown.ts";
import { readPages } from "./pages.ts";

const PAGES = readPages();
const MISSING = missingTools("openssl");
const TOKEN = "0123456789abcdef";

/** Blocks of a language with their place. */
function blocksOf(languages: readonly string[]): { at: string; block: Block }[] {
  return [...PAGES.values()].flatMap(({ path, blocks }) =>
    blocks.filter(({ language }) => languages.includes(language))
      .map((block) => ({ at: `${path}:${block.line}`, block }))
  );
}

Deno.test({
  name: `docs: tcpproxy check accepts every config${MISSING.length > 0 ? " (needs openssl)" : ""}`,
  ignore: MISSING.length > 0,
  fn: async () => {
    using certificates = new CertificateFolder();
    const certificate = certificates.make("docs", {
      isCa: true,
      altNames: "DNS:www.example.com,DNS:db.internal,IP:127.0.0.1",
    });
    const wrong: string[] = [];
    for (const { at, block } of blocksOf(["yaml", "yml"]).filter(({ block }) => isConfigBlock(block))) {
      const problem = await check(block.text, certificate);
      // One that shows a mistake must have it.
      const isMistake = block.info.includes("wrong");
      if (isMistake && problem === undefined) wrong.push(`${at}: nothing is wrong with it`);
      if (!isMistake && problem !== undefined) wrong.push(`${at}: ${problem}`);
    }
    assertEquals(wrong, [], 'for YAML of another program say so after the fence: "```yaml kubernetes"');
  },
});

/** What `tcpproxy check` says against a block, with the files that it names beside it. */
async function check(text: string, certificate: TestCertificate): Promise<string | undefined> {
  await using folder = new TemporaryFolder();
  let whole;
  try {
    whole = completeConfig(text);
  } catch (error) {
    if (error instanceof FragmentError || error instanceof SyntaxError) return error.message;
    throw error;
  }
  const files = namedFiles(whole);
  const contents: [ReadonlySet<string>, string][] = [
    [files.certificates, certificate.cert],
    [files.keys, certificate.key],
    [files.tokens, TOKEN],
    [files.others, ""],
  ];
  let number = 0;
  for (const [paths, content] of contents) {
    for (const path of paths) {
      // A name of its own, as the text may give a path outside of the folder.
      const own = `file-${++number}`;
      await Deno.chmod(await folder.write(own, content), 0o600);
      whole = whole.replaceAll(path, own);
    }
  }
  const io = new CapturedIo();
  const code = await runCli(["check", "--quiet", "-c", await folder.write("config.yaml", whole)], io);
  return code === 0 ? undefined : io.complaints.replaceAll(`${folder.path}/`, "");
}

Deno.test("docs: YAML and JSON of other programs can be read", () => {
  const wrong: string[] = [];
  for (const { at, block } of blocksOf(["yaml", "yml", "json"])) {
    if (isConfigBlock(block)) continue;
    try {
      for (const text of block.text.split(/^---$/m)) parseText(block.language, text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      wrong.push(`${at}: ${error.message}`);
    }
  }
  assertEquals(wrong, []);
});

function parseText(language: string, text: string): unknown {
  return language === "json" ? JSON.parse(text) : parse(text);
}

Deno.test("completeConfig: top level, app and list of apps become a config; anything else is refused", () => {
  const app = '  - name: docs\n    ports: [8080]\n    targets: ["127.0.0.1:3000"]\n';
  assertEquals(completeConfig("admin: {}\n"), `admin: {}\n\napps:\n${app}`);
  assertEquals(completeConfig("balance: first\n"), `apps:\n${app}    balance: first\n`);
  assertEquals(completeConfig("- name: a\n  ports: [1]\n"), "apps:\n  - name: a\n    ports: [1]\n");
  const whole = 'apps: [{ name: a, ports: [1], targets: ["h:1"] }]\n';
  assertEquals(completeConfig(whole), whole);
  assertThrows(() => completeConfig("kind: Pod\n"), FragmentError, 'no key "kind"');
  assertThrows(() => completeConfig("admin: {}\nbalance: first\n"), FragmentError, "mixes");
  assertThrows(() => completeConfig("text\n"), FragmentError);
});
