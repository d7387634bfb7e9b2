import { assertEquals } from "@std/assert";
import { type NativeTransport, prepareNativeTransport } from "../../lib/net/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { hasLinuxSockets } from "../helpers/connections/linux_transport.ts";

Deno.test({
  name: "prepareNativeTransport: opens sockets once prepared, and again without",
  ignore: !hasLinuxSockets,
  fn: async () => {
    const open = prepareNativeTransport();
    for (const transport of [await open(), await open()]) {
      await assertCarries(transport);
      await transport.end();
    }
  },
});

async function assertCarries(transport: NativeTransport): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const accepting = listener.accept();
  const near = await transport.connect(
    { kind: "tcp", host: "127.0.0.1", port },
    new AbortController().signal,
  );
  using far = await accepting;
  await near.write(utf8("ping"));
  const buffer = new Uint8Array(8);
  assertEquals(buffer.subarray(0, await far.read(buffer) ?? 0), utf8("ping"));
  near.close();
}
