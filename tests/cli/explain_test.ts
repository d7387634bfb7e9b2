import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "../../lib/cli/mod.ts";
import type { PoolSnapshot, TargetSnapshot } from "../../lib/app/mod.ts";
import { QuietProxy, TOKEN, withAdmin } from "../helpers/proxy/admin.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { freePort } from "../helpers/free_ports.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const CONFIG = {
  apps: [
    {
      name: "web",
      ports: [7443],
      deny: ["10.9.0.0/16"],
      routes: [{ sni: ["*.example.com"], alpn: ["h2"], targets: ["10.0.1.1:443"] }],
      targets: ["10.0.0.1:443", { address: "10.0.0.2:*", backup: true }],
    },
    { name: "one", listen: ["127.0.0.1:7001"], targets: ["h:1"] },
    { name: "two", listen: ["127.0.0.2:7001", "unix:/tmp/two.sock"], targets: ["h:2"] },
  ],
};

interface Run {
  readonly code: number;
  readonly printed: string;
  readonly complaints: string;
}

async function explain(...words: string[]): Promise<Run> {
  await using folder = new TemporaryFolder();
  const path = await folder.config(CONFIG);
  const io = new CapturedIo();
  const code = await runCli(["explain", "-c", path, ...words], io);
  return { code, printed: io.printed, complaints: io.complaints };
}

Deno.test("explain: --json prints app, listener, admission, route and targets, and nothing else", async () => {
  const words = ["--port", "7443", "--client", "192.0.2.7", "--json"];
  const plain = await explain(...words);
  assertEquals(plain.code, 0);
  assertEquals(JSON.parse(plain.printed), {
    app: "web",
    listener: "[::]:7443",
    admission: { allowed: true, rule: "not in deny" },
    route: null,
    targets: [
      { address: "10.0.0.1:443", backup: false, why: "the only one" },
      { address: "10.0.0.2:7443", backup: true, why: "backup, for when no other answers: the only one" },
    ],
  });
  const routed = JSON.parse(
    (await explain(...words, "--sni", "a.example.com", "--alpn", "http/1.1,h2")).printed,
  );
  assertEquals(routed.route, "routes[0] (sni *.example.com, alpn h2)");
  assertEquals(routed.targets.map(({ address }: { address: string }) => address), ["10.0.1.1:443"]);
});

Deno.test("explain: a denied client is explained too, with the rule and no target", async () => {
  const { code, printed } = await explain("--port", "7443", "--client", "10.9.0.1", "--json");
  assertEquals(code, 0);
  const { admission, targets } = JSON.parse(printed);
  assertEquals(admission, { allowed: false, rule: "deny 10.9.0.0/16" });
  assertEquals(targets, []);
});

Deno.test("explain: the text goes stage by stage", async () => {
  const { printed } = await explain("--port", "7443", "--client", "192.0.2.7", "--sni", "a.example.com");
  const stages = printed.trimEnd().split("\n").map((line) => line.split(" ", 1)[0]);
  assertEquals(stages, [
    "client",
    "app",
    "listener",
    "admission",
    "route",
    "route",
    "target",
    "target",
    "note",
  ]);
  assertStringIncludes(printed, 'no match: no protocol is offered, expected "h2"');
  assertStringIncludes(printed, "target     2. 10.0.0.2:7443: backup");
});

Deno.test("explain: --listen says which address, with its port or beside --port", async () => {
  const client = ["--client", "192.0.2.7", "--json"];
  for (
    const [where, app] of [
      [["--port", "7001", "--listen", "127.0.0.2"], "two"],
      [["--listen", "127.0.0.1:7001"], "one"],
      [["--port", "7443", "--listen", "::1"], "web"],
      [["--port", "7443", "--listen", "[::1]"], "web"],
      [["--listen", "unix:/tmp/two.sock"], "two"],
    ] as const
  ) {
    const { code, printed, complaints } = await explain(...where, ...client);
    assertEquals([code, complaints], [0, ""]);
    assertEquals(JSON.parse(printed).app, app);
  }
});

Deno.test("explain: a port that nobody listens on ends with 1 and names the nearest app", async () => {
  const { code, printed, complaints } = await explain("--port", "7440", "--client", "192.0.2.7");
  assertEquals([code, printed], [1, ""]);
  assertEquals(
    complaints,
    'tcpproxy: explain: nobody listens on port 7440, the nearest is app "web" on [::]:7443\n',
  );
});

const MISTAKES: readonly [words: string[], says: string][] = [
  [["--client", "192.0.2.7"], "no port given; add --port N"],
  [["--port", "7443"], "no client given; add --client ADDR"],
  [["--port", "x", "--client", "192.0.2.7"], 'the port is "x"; expected a number from 1 to 65535'],
  [["--port", "1", "--client", "example.com"], 'the client is "example.com"; expected an IP address'],
  [["--listen", "127.0.0.1", "--client", "192.0.2.7"], 'the address "127.0.0.1" has no port'],
  [["--port", "1", "--listen", "127.0.0.1:2", "--client", "192.0.2.7"], "port 1 contradict each other"],
  [["--port", "1", "--client", "192.0.2.7", "--sni", "192.0.2.1"], "clients never send an address"],
  [["--port", "1", "--client", "192.0.2.7", "--sni", "a b"], 'the host "a b" is no host name'],
  [["--port", "7001", "--client", "192.0.2.7"], 'several listen on port 7001 (app "one" on 127.0.0.1:7001,'],
];

for (const [words, says] of MISTAKES) {
  Deno.test(`explain: "${words.join(" ")}" is refused in words and ends with 2`, async () => {
    const { code, printed, complaints } = await explain(...words);
    assertEquals([code, printed], [2, ""]);
    assertStringIncludes(complaints, says);
    assertStringIncludes(complaints, "Try: tcpproxy help explain");
  });
}

/** Explains with these words alone, without a config of its own. */
async function explainRunning(...words: string[]): Promise<Run> {
  const io = new CapturedIo();
  const code = await runCli(["explain", ...words], io);
  return { code, printed: io.printed, complaints: io.complaints };
}

const QUESTION = ["--port", "7443", "--client", "192.0.2.7"];

Deno.test("explain: --url asks a running proxy, and prints the same and what else it knows", async () => {
  await withAdmin({ proxy: new QuietProxy(CONFIG.apps, { pools: () => POOLS }) }, async ({ url }) => {
    const { code, printed, complaints } = await explainRunning("--url", url.href, ...QUESTION);
    assertEquals([code, complaints], [0, ""]);
    assertStringIncludes(printed, "target     1. 10.0.0.1:443: the only one left; 4 connections");
    assertStringIncludes(printed, "skipped    10.0.0.3:443: down, as its checks say; 0 connections");
    const json = JSON.parse((await explainRunning("--url", url.href, "--json", ...QUESTION)).printed);
    assertEquals(Object.keys(json), [
      "app",
      "listener",
      "admission",
      "route",
      "targets",
      "skipped",
      "routes",
      "refusal",
      "notes",
    ]);
    assertEquals(json.targets, [
      { address: "10.0.0.1:443", backup: false, why: "the only one left; 4 connections" },
    ]);
  });
});

Deno.test("explain: what nobody listens on in a running proxy is said as of a config, with the same exit codes", async () => {
  await withAdmin({ proxy: new QuietProxy(CONFIG.apps) }, async ({ url }) => {
    const none = await explainRunning("--url", url.href, "--port", "7440", "--client", "192.0.2.7");
    assertEquals(none, {
      code: 1,
      printed: "",
      complaints: 'tcpproxy: explain: nobody listens on port 7440, the nearest is app "web" on [::]:7443\n',
    });
    const several = await explainRunning("--url", url.href, "--port", "7001", "--client", "192.0.2.7");
    assertEquals([several.code, several.printed], [2, ""]);
    assertStringIncludes(several.complaints, 'several listen on port 7001 (app "one" on 127.0.0.1:7001,');
  });
});

Deno.test("explain: --running takes address and token from the config", async () => {
  await using folder = new TemporaryFolder();
  await folder.write("admin.token", TOKEN);
  await withAdmin({ proxy: new QuietProxy(CONFIG.apps), token: TOKEN }, async ({ port }) => {
    const admin = { listen: `127.0.0.1:${port}`, ["token_file"]: "admin.token" };
    const path = await folder.config({ admin, ...CONFIG });
    const { code, printed, complaints } = await explainRunning("-c", path, "--running", ...QUESTION);
    assertEquals([code, complaints], [0, ""]);
    assertStringIncludes(printed, "app        web");
  });
});

Deno.test("explain: a proxy that cannot be asked ends with 1, and says why", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const { code, printed, complaints } = await explainRunning("--url", url, ...QUESTION);
  assertEquals([code, printed], [1, ""]);
  assertEquals(
    complaints,
    `tcpproxy: ask ${url}: cannot connect (Connection refused); is a tcpproxy with "admin" running there?\n`,
  );
});

Deno.test("explain: flags that do not say which proxy is meant are refused in words and end with 2", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.config(CONFIG);
  const url = "http://127.0.0.1:9900";
  const mistakes: [words: string[], says: string][] = [
    [["-c", path, "--running"], 'the config has no "admin"; add it, or give --url'],
    [["-c", path, "--url", url], "--url and --config exclude each other; give one of them"],
    [["--running", "--url", url], "--url and --running exclude each other; give one of them"],
    [["-c", path, "--token-file", "x"], "--token-file needs --url"],
    [["--url", url, "--token-file", folder.file("none")], "does not exist; expected a file with a token"],
    [["--url", "127.0.0.1:9900"], 'the URL is "127.0.0.1:9900"; expected one such as http://127.0.0.1:9900'],
    [
      ["--url", "ftp://127.0.0.1"],
      'the URL is "ftp://127.0.0.1"; expected one such as http://127.0.0.1:9900',
    ],
    [["--url", "http://me:secret@h"], "expected one such as http://127.0.0.1:9900"],
  ];
  for (const [words, says] of mistakes) {
    const { code, printed, complaints } = await explainRunning(...words, ...QUESTION);
    assertEquals([code, printed], [2, ""]);
    assertStringIncludes(complaints, says);
    assertStringIncludes(complaints, "Try: tcpproxy help explain");
  }
});

const UP: TargetSnapshot = {
  address: { kind: "tcp", host: "10.0.0.1", port: 443 },
  label: "10.0.0.1:443",
  tier: 0,
  weight: 1,
  configuredWeight: 1,
  currentWeight: 1,
  health: "up",
  detail: "",
  changedAtMs: undefined,
  admin: "ready",
  active: 4,
  maxConnections: Infinity,
  isFull: false,
  foundBy: undefined,
  discover: undefined,
};

/** The first app's own targets. */
const POOLS: readonly PoolSnapshot[] = [{
  targets: [UP, { ...UP, label: "10.0.0.3:443", health: "down", active: 0 }],
  emptyEntries: [],
}];
