import { assert } from "@std/assert";
import { copyCheckout } from "../../helpers/checkout.ts";
import { assertSameBytes } from "../../helpers/same_bytes.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test({
  name: "deno task compile: two checkouts make the same executable, byte for byte",
  // A compiler needs its base runtime, which not every machine can download.
  ignore: Deno.env.get("DENO_COMPILER") === undefined || Deno.build.os !== "linux",
  fn: async () => {
    await using folder = new TemporaryFolder();
    const executableOf = async (checkout: string): Promise<Uint8Array> => {
      await copyCheckout(checkout);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--allow-all", "tools/compile.ts"],
        cwd: checkout,
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      return await Deno.readFile(`${checkout}/dist/tcpproxy`);
    };
    assertSameBytes(await executableOf(folder.file("a")), await executableOf(folder.file("b c/d")));
  },
});
