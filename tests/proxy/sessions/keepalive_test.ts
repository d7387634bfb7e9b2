import { withProxy } from "../../helpers/proxy/proxy.ts";
import { neverAnswering, TestTarget } from "../../helpers/targets.ts";
import { missingTools } from "../../helpers/programs/tools.ts";

const missing = missingTools("ss");

/** Whether the kernel probes the peer of the only established socket with this port at that end. */
async function isProbed(end: "sport" | "dport", port: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ss", {
    args: ["-tnoH", "state", "established", `( ${end} = :${port} )`],
  }).output();
  return new TextDecoder().decode(stdout).includes("timer:(keepalive,");
}

for (const app of [{}, { keepalive: true }]) {
  Deno.test({
    name: `keepalive: ${"keepalive" in app ? "true" : "left out"}, and the kernel probes client and target` +
      (missing.length > 0 ? ` (${missing.join(", ")} missing)` : ""),
    ignore: missing.length > 0,
    fn: async () => {
      await using target = new TestTarget(neverAnswering);
      await withProxy({ ...app, targets: [target.address], max_lifetime: "60s" }, async (proxy) => {
        using client = await proxy.connect();
        while (!await isProbed("sport", proxy.port));
        while (!await isProbed("dport", Number(target.address.split(":").at(-1))));
        await client.closeWrite();
        await proxy.outcome();
      });
    },
  });
}
