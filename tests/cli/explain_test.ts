import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "../../lib/cli/mod.ts";
import { CapturedIo } from "../helpers/captured_io.ts";
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
  assertStringIncludes(printed, 'no match: no protocol is offered, "h2" was wanted');
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
  [["--client", "192.0.2.7"], "there is no port, --port N was wanted"],
  [["--port", "7443"], "there is no client, --client ADDR was wanted"],
  [["--port", "x", "--client", "192.0.2.7"], 'the port is "x", a number from 1 to 65535 was wanted'],
  [["--port", "1", "--client", "example.com"], 'the client is "example.com", an IP address was wanted'],
  [["--listen", "127.0.0.1", "--client", "192.0.2.7"], 'the address "127.0.0.1" has no port'],
  [["--port", "1", "--listen", "127.0.0.1:2", "--client", "192.0.2.7"], "has not the port 1"],
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
