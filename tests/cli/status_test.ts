import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "../../lib/cli/mod.ts";
import { QuietProxy, TOKEN, withAdmin } from "../helpers/proxy/admin.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { freePort } from "../helpers/free_ports.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const APPS = [
  { name: "web", listen: ["127.0.0.1:7001"], targets: ["10.0.0.1:80"] },
  { name: "mail", listen: ["127.0.0.1:7002"], targets: ["10.0.0.2:25"] },
];

interface Run {
  readonly code: number;
  readonly printed: string;
  readonly complaints: string;
}

async function status(words: readonly string[], io = new CapturedIo()): Promise<Run> {
  const code = await runCli(["status", ...words], io);
  return { code, printed: io.printed, complaints: io.complaints };
}

Deno.test("status: shows every app, or those that are named", async () => {
  await withAdmin({ proxy: new QuietProxy(APPS) }, async ({ url }) => {
    const all = await status(["--url", url.href]);
    assertEquals([all.code, all.complaints], [0, ""]);
    assertStringIncludes(all.printed, "tcpproxy 1.2.3  ready");
    assert(/^web {2}accepting/m.test(all.printed) && /^mail {2}accepting/m.test(all.printed), all.printed);
    const one = await status(["--url", url.href, "mail"]);
    assert(!/^web/m.test(one.printed) && /^mail/m.test(one.printed), one.printed);
    assert(!one.printed.includes("\x1b"), one.printed);
  });
});

Deno.test("status: --json prints what the API answers", async () => {
  await withAdmin({ proxy: new QuietProxy(APPS) }, async (admin) => {
    const { printed } = await status(["--url", admin.url.href, "--json", "web"]);
    const answered = JSON.parse((await admin.ask("/api/status")).text);
    const json = JSON.parse(printed);
    assertEquals(json.apps, answered.apps.slice(0, 1));
    assertEquals(Object.keys(json), Object.keys(answered));
  });
});

Deno.test("status: in colours and as narrow as the terminal, where there is one", async () => {
  await withAdmin({ proxy: new QuietProxy(APPS) }, async ({ url }) => {
    const terminal = { columns: 60, isColored: true };
    const { printed } = await status(["--url", url.href], Object.assign(new CapturedIo(), { terminal }));
    assertStringIncludes(printed, "\x1b[32mready\x1b[m");
    // deno-lint-ignore no-control-regex -- it removes colours
    for (const line of printed.replaceAll(/\x1b\[[\d;]*m/g, "").split("\n")) assert(line.length <= 60, line);
  });
});

Deno.test("status: an app that does not exist ends with 2, and the one that is meant is named", async () => {
  await withAdmin({ proxy: new QuietProxy(APPS) }, async ({ url }) => {
    const { code, printed, complaints } = await status(["--url", url.href, "webb"]);
    assertEquals([code, printed], [2, ""]);
    assertStringIncludes(complaints, 'there is no app "webb", did you mean "web"?');
  });
});

Deno.test("status: address and token are those of the config", async () => {
  await using folder = new TemporaryFolder();
  await folder.write("admin.token", TOKEN);
  await withAdmin({ proxy: new QuietProxy(APPS), token: TOKEN }, async ({ port, url }) => {
    const admin = { listen: `127.0.0.1:${port}`, ["token_file"]: "admin.token" };
    const path = await folder.config({ admin, apps: APPS });
    assertEquals((await status(["-c", path])).code, 0);
    const { code, complaints } = await status(["--url", url.href]);
    assertEquals(code, 1);
    assertStringIncludes(complaints, "no token sent");
  });
});

Deno.test("status: a proxy that cannot be asked ends with 1, something else that answers too", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const { code, complaints } = await status(["--url", url]);
  assertEquals(code, 1);
  assertStringIncludes(complaints, `ask ${url}: cannot connect (Connection refused)`);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ a: 1 }),
  );
  const other = await status(["--url", `http://127.0.0.1:${server.addr.port}`]);
  await server.shutdown();
  assertEquals(other.code, 1);
  assertEquals(
    other.complaints,
    "tcpproxy: the answer is not the status of a tcpproxy; give the address of its admin API\n",
  );
});

Deno.test("status: a config that cannot be used is reported, and what to do instead", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write("c.yaml", "admin: {}\napps: [{ name: web, prots: [1] }]\n");
  const { code, complaints } = await status(["-c", path]);
  assertEquals(code, 2);
  assertStringIncludes(
    complaints,
    "status: the config cannot be used, so it does not say where the proxy is;",
  );
  assertStringIncludes(complaints, `\n${path}:2:`);
});
