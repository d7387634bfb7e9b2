import { assertEquals, assertRejects } from "@std/assert";
import { AdminClientError } from "../../../lib/admin/mod.ts";
import type { CommandArgs } from "../../../lib/cli/command.ts";
import { remoteProxy } from "../../../lib/cli/running/running_proxy.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

function argsOf(values: Readonly<Record<string, string>>): CommandArgs {
  return { positionals: [], text: (name) => values[name], on: () => false };
}

Deno.test("remoteProxy: the limit of a command holds for the proxy of --url and for that of the config", async () => {
  // It takes connections, and never answers.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using folder = new TemporaryFolder();
  const address = `127.0.0.1:${silent.addr.port}`;
  const config = await folder.config({
    admin: { listen: address },
    apps: [{ name: "a", listen: ["unix:a.sock"], targets: ["127.0.0.1:1"] }],
  });
  for (const args of [argsOf({ url: `http://${address}` }), argsOf({ config })]) {
    const proxy = await remoteProxy("upgrade", args, { timeoutMs: 20 });
    const { message } = await assertRejects(() => proxy.upgrade(), AdminClientError);
    assertEquals(
      message,
      `ask http://${address}: no response within 20 ms; is a tcpproxy with "admin" running there?`,
    );
  }
});
