/**
 * Every `curl` of the page about the admin API is answered by a running proxy, and by none of them with an error.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { freePort } from "../helpers/free_ports.ts";
import { program } from "../helpers/programs/program.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { readPages } from "./pages.ts";

const PAGE = "docs/admin-api.md";
const MISSING = missingTools("bash", "curl");

/** Prints the status of each request in place of its answer. A stream is left when its head has come. */
const CURL = `curl() {
  printf '%s ' "$*" | tr '\\n' ' '
  rm -f .head
  command curl -s -D .head -o .body "$@" > /dev/null 2>&1 &
  case "$*" in
    -N*|*/capture*) until grep -q '^HTTP' .head 2>/dev/null || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
      kill $! 2>/dev/null ;;
  esac
  wait $! 2>/dev/null
  sed -n '1s/^HTTP[^ ]* \\([0-9]*\\).*/\\1/p' .head
}
jq() { cat; }
`;

/** Ends the proxy, so that it comes last. */
const LAST = /^curl -X POST \$api\/api\/drain.*\n/m;

/** Examples with an error that is right here: a session that nobody has yet, and what another engine can do. */
const REFUSED: readonly (readonly [example: RegExp, status: RegExp])[] = [
  [/\/sessions\/17\b/, / 404\s*$/],
  [/\/api\/upgrade\b/, / 409\s*$/],
];

Deno.test({
  name: `docs: every example of ${PAGE} is answered${
    MISSING.length > 0 ? ` (needs ${MISSING.join(", ")})` : ""
  }`,
  ignore: MISSING.length > 0,
  fn: async () => {
    await using folder = new TemporaryFolder();
    const [listen, admin] = [freePort(), freePort()];
    const path = await folder.config({
      log: { access: "off" },
      admin: { listen: `127.0.0.1:${admin}` },
      apps: [{
        name: "postgres",
        listen: [`127.0.0.1:${listen}`],
        targets: ["10.0.0.5:5432", "10.0.0.6:5432"],
      }],
    });
    await folder.write("admin.token", "0123456789abcdef");
    await using proxy = program(["-c", path]);
    await proxy.ready();
    const examples = (readPages().get(PAGE)?.blocks ?? []).filter(({ language }) => language === "sh")
      .map(({ text }) =>
        text.replaceAll("127.0.0.1:9900", `127.0.0.1:${admin}`).replaceAll("port=5432", `port=${listen}`)
      )
      .join("\n");
    const script = `${CURL}${examples.replace(LAST, "")}\n${LAST.exec(examples)?.[0]}`;
    const { stdout } = await new Deno.Command("bash", { args: ["-c", script], cwd: folder.path })
      .output();
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes("http://"));
    assert(lines.length > 30, `${lines.length} requests`);
    const failed = lines.filter((line) =>
      !/ 2\d\d\s*$/.test(line) &&
      !REFUSED.some(([example, status]) => example.test(line) && status.test(line))
    );
    assertEquals(failed, []);
    assertEquals(await proxy.code, 0, "the last example drains the proxy, which ends it");
  },
});
