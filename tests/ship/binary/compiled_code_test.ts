import { assertEquals } from "@std/assert";
import { freePort } from "../../helpers/free_ports.ts";
import { BINARY, program } from "../../helpers/programs/program.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test({
  name:
    "an executable takes no compiled code from the temporary folder, where others could plant it, and leaves none",
  ignore: BINARY === undefined || Deno.build.os !== "linux",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using temporary = new TemporaryFolder();
    const apps = [{ name: "web", listen: [`127.0.0.1:${freePort()}`], targets: ["127.0.0.1:1"] }];
    const config = await folder.config({ apps });
    // The runtime would replace a file that it cannot use.
    const name = `deno-compile-${BINARY?.replace(/.*\//, "")}.cache`;
    await temporary.write(name, "planted");
    await using proxy = program(["run", "-c", config], { environment: { TMPDIR: temporary.path } });
    await proxy.ready();
    assertEquals(await proxy.stop(), 0);
    assertEquals([...Deno.readDirSync(temporary.path)].map((entry) => entry.name), [name]);
    assertEquals(await Deno.readTextFile(temporary.file(name)), "planted");
  },
});
