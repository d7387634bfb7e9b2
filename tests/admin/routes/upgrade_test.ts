import { assertEquals, assertStrictEquals } from "@std/assert";
import type { UpgradeAnswer } from "../../../lib/admin/route.ts";
import { upgrade } from "../../../lib/admin/routes/control/upgrade.ts";
import { withAdmin } from "../../helpers/proxy/admin.ts";

Deno.test("POST /api/upgrade: answers with the process that has taken over", async () => {
  await withAdmin({}, async (admin) => {
    const { status, text } = await admin.ask("/api/upgrade", { method: "POST" });
    assertEquals([status, JSON.parse(text)], [200, { pid: 4711, version: "1.2.4" }]);
  });
});

Deno.test("POST /api/upgrade: says why no process has taken over", async () => {
  const refused: UpgradeAnswer = { kind: "refused", reason: "no such program" };
  const handle = upgrade.operations.POST?.handle;
  // The route needs nothing else of its context.
  const context = { proxy: {}, upgrade: () => Promise.resolve(refused) } as unknown as Parameters<
    NonNullable<typeof handle>
  >[1];
  const response = await handle?.({} as Parameters<NonNullable<typeof handle>>[0], context);
  assertStrictEquals(response?.status, 409);
  assertStrictEquals((await response?.json()).detail, "no such program");
});
