import { assertEquals } from "@std/assert";
import type { ReloadResult } from "../../lib/proxy/mod.ts";
import { QuietProxy, withAdmin } from "../helpers/admin.ts";

const PROBLEM = { path: ["apps", 0], severity: "error" } as const;

/** What is answered when a reload comes to this, and what is told. */
async function answerTo(result: ReloadResult): Promise<{ status: number; body: unknown; told: string[] }> {
  const proxy = new QuietProxy();
  proxy.reloaded = result;
  let answer = { status: 0, body: {} as unknown, told: [] as string[] };
  await withAdmin({ proxy }, async (admin) => {
    const { status, text } = await admin.ask("/api/reload", { method: "POST" });
    answer = { status, body: JSON.parse(text), told: admin.log.told };
  });
  return answer;
}

Deno.test("POST /api/reload: says which files are new for which app, and until when they are valid", async () => {
  const validToMs = Date.UTC(2030, 0, 2);
  const { status, body, told } = await answerTo({
    kind: "done",
    apps: [
      { app: "web", files: [{ file: "a.pem", validToMs }, { file: "a.key", validToMs: undefined }] },
      { app: "other", files: [] },
    ],
    warnings: [{ ...PROBLEM, app: "other", file: "b.pem", message: "it expires soon", severity: "warning" }],
  });
  assertEquals([status, told], [200, ["reload done"]]);
  assertEquals(body, {
    apps: [
      {
        name: "web",
        files: [
          { file: "a.pem", valid_to: "2030-01-02T00:00:00.000Z" },
          { file: "a.key", valid_to: null },
        ],
      },
      { name: "other", files: [] },
    ],
    warnings: [{ app: "other", file: "b.pem", message: "it expires soon" }],
  });
});

Deno.test("POST /api/reload: one that is refused is a conflict, with every problem", async () => {
  const { status, body, told } = await answerTo({
    kind: "refused",
    problems: [
      { ...PROBLEM, app: "web", file: "a.pem", message: "it is none" },
      { ...PROBLEM, app: undefined, file: undefined, message: "worker 2: it will not" },
    ],
  });
  assertEquals([status, told], [409, ["reload refused"]]);
  assertEquals(body, {
    type: "about:blank",
    title: "Conflict",
    status: 409,
    detail: "a file cannot be used, nothing has changed for any app",
    problems: [
      { app: "web", file: "a.pem", message: "it is none" },
      { app: null, file: null, message: "worker 2: it will not" },
    ],
  });
});

Deno.test("POST /api/reload: a page from elsewhere cannot ask for it, nor GET", async () => {
  await withAdmin({ proxy: new QuietProxy() }, async (admin) => {
    const foreign = { method: "POST", headers: { "sec-fetch-site": "cross-site" } };
    assertEquals((await admin.ask("/api/reload", foreign)).status, 403);
    const { status, headers } = await admin.ask("/api/reload");
    assertEquals([status, headers.get("allow")], [405, "POST"]);
    assertEquals(admin.log.told, []);
  });
});
