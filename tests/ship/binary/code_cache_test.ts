import { assertEquals } from "@std/assert";
import { freePort } from "../../helpers/free_ports.ts";
import { BINARY, program } from "../../helpers/programs/program.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test({
  name: "an executable that served keeps its compiled code for the next start",
  ignore: BINARY === undefined || Deno.build.os !== "linux",
  fn: async () => {
    await using folder = new TemporaryFolder();
    const apps = [{ name: "web", listen: [`127.0.0.1:${freePort()}`], targets: ["127.0.0.1:1"] }];
    const config = await folder.config({ apps });
    await using proxy = program(["run", "-c", config], { environment: { TMPDIR: folder.path } });
    await proxy.ready();
    assertEquals(await proxy.stop(), 0);
    const kept = [...Deno.readDirSync(folder.path)].filter(({ name }) => name.endsWith(".cache"));
    assertEquals(kept.length, 1);
  },
});
