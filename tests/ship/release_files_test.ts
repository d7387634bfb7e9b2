import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { homebrewFormula } from "../../tools/ship/_homebrew.ts";
import { ReleaseError, ReleaseFacts } from "../../tools/ship/_release_facts.ts";
import { scoopManifest } from "../../tools/ship/_scoop.ts";
import { installerFor } from "../../tools/ship/release_files.ts";
import { compilation, TARGETS } from "../../tools/compile_plan.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** A digest for each file, which tells which it is. */
const SUMS = TARGETS.map((target, index) =>
  `${String(index).repeat(64)}  ${compilation("linux", target).name}\n`
).join("");
const RELEASE = new ReleaseFacts({ version: "1.2.3", repository: "someone/tcpproxy", sums: SUMS });
const DOWNLOAD = "https://github.com/someone/tcpproxy/releases/download/v1.2.3";

function digestOf(target: typeof TARGETS[number]): string {
  return String(TARGETS.indexOf(target)).repeat(64);
}

Deno.test("ReleaseFacts: knows the files of SHA256SUMS, and refuses what is none", () => {
  assertEquals(RELEASE.asset("tcpproxy-aarch64-apple-darwin"), {
    url: `${DOWNLOAD}/tcpproxy-aarch64-apple-darwin`,
    sha256: digestOf("aarch64-apple-darwin"),
  });
  const fails = (fn: () => unknown, says: string): void =>
    assertStringIncludes(assertThrows(fn, ReleaseError).message, says);
  fails(() => RELEASE.asset("tcpproxy"), "SHA256SUMS has no line for tcpproxy");
  const facts = { version: "1.2.3", repository: "someone/tcpproxy", sums: SUMS };
  fails(() => new ReleaseFacts({ ...facts, repository: "someone" }), 'the repository is "someone"');
  fails(() => new ReleaseFacts({ ...facts, sums: "abc  tcpproxy\n" }), 'has the line "abc  tcpproxy"');
});

Deno.test("scoopManifest: names both executables for Windows with their checksums", () => {
  const manifest = JSON.parse(scoopManifest(RELEASE));
  assertEquals(manifest.architecture, {
    "64bit": {
      url: `${DOWNLOAD}/tcpproxy-x86_64-pc-windows-msvc.exe#/tcpproxy.exe`,
      hash: digestOf("x86_64-pc-windows-msvc"),
    },
    arm64: {
      url: `${DOWNLOAD}/tcpproxy-aarch64-pc-windows-msvc.exe#/tcpproxy.exe`,
      hash: digestOf("aarch64-pc-windows-msvc"),
    },
  });
  // An update has the address of this release but for the version.
  for (const [name, { url }] of Object.entries<{ url: string }>(manifest.autoupdate.architecture)) {
    assertEquals(url.replaceAll("$version", "1.2.3"), manifest.architecture[name].url);
  }
  assertEquals(Object.keys(manifest).filter((key) => !SCOOP_KEYS.includes(key)), []);
  assertEquals([manifest.version, manifest.license, manifest.bin], ["1.2.3", "MIT", "tcpproxy.exe"]);
});

/** Those keys of the manifest format that are used: the format refuses unknown ones. */
const SCOOP_KEYS = [
  "version",
  "description",
  "homepage",
  "license",
  "architecture",
  "bin",
  "checkver",
  "autoupdate",
];

Deno.test("installerFor: fills in the repository, once", async () => {
  const script = await Deno.readTextFile(new URL("../../deploy/install.sh", import.meta.url));
  const filled = installerFor(script, "someone/tcpproxy");
  assertStringIncludes(filled, "\nREPOSITORY='someone/tcpproxy'\n");
  assert(!filled.includes("OWNER/tcpproxy/"), filled);
  assertThrows(() => installerFor(filled, "another/tcpproxy"), ReleaseError);
});

/** What Homebrew gives a formula, as far as it is used here: records what is said for one system and processor. */
const STUB = `
class Formula
  FACTS = {}
  def self.method_missing(name, value = nil, &block) = FACTS[name] = value
  def self.respond_to_missing?(*) = true
  def self.on_macos = (yield if SYSTEM == "macos")
  def self.on_linux = (yield if SYSTEM == "linux")
  def self.on_arm = (yield if PROCESSOR == "arm")
  def self.on_intel = (yield if PROCESSOR == "intel")
  def self.service = nil
  def self.test = nil
end
`;

const missing = missingTools("ruby");

Deno.test({
  name: `homebrewFormula: Ruby reads it, and each system gets its own executable${
    missing.length > 0 ? ` (missing: ${missing.join()})` : ""
  }`,
  ignore: missing.length > 0,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = await folder.write("tcpproxy.rb", homebrewFormula(RELEASE));
    const ruby = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await new Deno.Command("ruby", { args }).output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      return new TextDecoder().decode(stdout);
    };
    assertEquals(await ruby("-wc", path), "Syntax OK\n");
    for (
      const [system, processor, target] of [
        ["macos", "arm", "aarch64-apple-darwin"],
        ["macos", "intel", "x86_64-apple-darwin"],
        ["linux", "arm", "aarch64-unknown-linux-gnu"],
        ["linux", "intel", "x86_64-unknown-linux-gnu"],
      ] as const
    ) {
      const script = `SYSTEM = "${system}"\nPROCESSOR = "${processor}"\n${STUB}\nload ARGV[0]\n` +
        'puts Formula::FACTS.values_at(:version, :url, :sha256).join(" ")';
      assertEquals(
        await ruby("-e", script, path),
        `1.2.3 ${DOWNLOAD}/tcpproxy-${target} ${digestOf(target)}\n`,
      );
    }
  },
});

Deno.test("homebrewFormula: has every executable for macOS and Linux", () => {
  const formula = homebrewFormula(RELEASE);
  for (const target of TARGETS.filter((each) => !each.includes("windows"))) {
    assertStringIncludes(formula, `url "${DOWNLOAD}/tcpproxy-${target}"\n      sha256 "${digestOf(target)}"`);
  }
});
