import { assertEquals, assertStringIncludes } from "@std/assert";
import { TOKEN, withAdmin } from "../../helpers/proxy/admin.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { connectTo, exchange } from "../../helpers/clients.ts";
import { readCapture, sentBy } from "../../helpers/protocol/pcapng.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { streamHead } from "../../helpers/protocol/stream_head.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { until } from "../../helpers/until.ts";

Deno.test("GET /api/apps/{app}/capture: streams what passes, and reports who began it", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ name: "web", targets: [target.address] }, async ({ proxy, port }) => {
    await withAdmin({ proxy }, async (admin) => {
      const response = await fetch(new URL("/api/apps/web/capture?count=1&resolution=ns", admin.url));
      assertEquals(response.headers.get("content-type"), "application/x-pcapng");
      assertEquals(response.headers.get("content-disposition"), 'attachment; filename="web.pcapng"');
      using client = await connectTo(port);
      assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      const capture = readCapture(new Uint8Array(await response.arrayBuffer()));
      assertEquals(capture.application, "tcpproxy 1.2.3");
      assertEquals(sentBy(capture.packets, 0, `127.0.0.1:${client.localAddr.port}`), utf8("hello"));
      assertEquals(admin.log.reported, [
        'capture of app "web"',
        'capture of app "web" ended: all connections captured',
      ]);
    });
  });
});

Deno.test("GET /api/sessions/{id}/capture: a reader that leaves ends the capture", async () => {
  await using target = new TestTarget(echo);
  await withProxy({ targets: [target.address] }, async ({ proxy, port }) => {
    await withAdmin({ proxy }, async (admin) => {
      using _client = await connectTo(port);
      await target.connections(1);
      await streamHead(admin.url, "/api/sessions/1/capture");
      await until(() => admin.log.reported.length === 2);
      assertEquals(admin.log.reported, ["capture of session 1", "capture of session 1 ended: reader gone"]);
    });
  });
});

Deno.test("GET …/capture: a server that closes completes the file", async () => {
  await withProxy({ name: "web", targets: ["127.0.0.1:1"] }, async ({ proxy }) => {
    await withAdmin({ proxy }, async (admin) => {
      const response = await fetch(new URL("/api/apps/web/capture", admin.url));
      const [bytes] = await Promise.all([response.arrayBuffer(), admin.server.close()]);
      assertEquals(readCapture(new Uint8Array(bytes)).statistics.map(({ comment }) => comment), [
        "capture ended: proxy stopping",
        "capture ended: proxy stopping",
      ]);
    });
  });
});

const REFUSED: readonly (readonly [path: string, status: number, detail: string])[] = [
  ["/api/apps/webs/capture", 404, 'no app "webs"; did you mean "web"?'],
  ["/api/apps/database/capture", 404, 'no app "database"; expected one of web'],
  ["/api/sessions/x/capture", 400, 'the session is "x"; expected its number, such as 17'],
  ["/api/sessions/0/capture", 400, 'the session is "0"; expected its number, such as 17'],
  ["/api/sessions/1/capture?count=2", 400, 'unknown parameter "count"; expected one of bytes, seconds'],
  ["/api/apps/web/capture?bytes=10", 400, '"bytes" is 10; expected 4KiB to 1GiB'],
  ["/api/apps/web/capture?bytes=2GiB", 400, '"bytes" is 2GiB; expected 4KiB to 1GiB'],
  ["/api/apps/web/capture?bytes=lots", 400, '"bytes": the size is "lots"'],
  ["/api/apps/web/capture?seconds=0", 400, '"seconds" is "0"; expected a whole number from 1 to 3600'],
  ["/api/apps/web/capture?seconds=1.5", 400, '"seconds" is "1.5"; expected a whole number from 1 to 3600'],
  ["/api/apps/web/capture?count=0", 400, '"count" is "0"; expected a whole number from 1 to 10000'],
  ["/api/apps/web/capture?client=10.0.0.1/8", 400, '"client": the block "10.0.0.1/8" has bits set'],
  ["/api/apps/web/capture?resolution=ms", 400, '"resolution" is "ms"; expected us or ns'],
  ["/api/apps/web/capture?count=1&count=2", 400, '"count" is given more than once'],
];

for (const [path, status, detail] of REFUSED) {
  Deno.test(`GET ${path}: ${status}`, async () => {
    await withAdmin({}, async (admin) => {
      const answer = await admin.ask(path);
      assertEquals(answer.status, status);
      assertStringIncludes(JSON.parse(answer.text).detail, detail);
    });
  });
}

Deno.test("GET …/capture: needs the token; HEAD begins nothing", async () => {
  await withAdmin({ token: TOKEN }, async (admin) => {
    assertEquals((await admin.ask("/api/apps/web/capture")).status, 401);
    assertEquals((await admin.ask("/api/sessions/1/capture")).status, 401);
    const headers = { authorization: `Bearer ${TOKEN}` };
    const head = await admin.ask("/api/apps/web/capture", { method: "HEAD", headers });
    assertEquals([head.status, head.headers.get("content-type")], [200, "application/x-pcapng"]);
    assertEquals(admin.log.reported, []);
  });
});
