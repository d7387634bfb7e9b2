import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { connectTo, readExactly, writeAll } from "../helpers/clients.ts";
import { freePorts } from "../helpers/free_ports.ts";
import { Program } from "../helpers/programs/program.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { utf8 } from "../helpers/bytes.ts";

const COMPILER = Deno.env.get("DENO_COMPILER");

interface Ran {
  readonly code: number;
  readonly stderr: string;
}

async function run(command: string, args: readonly string[]): Promise<Ran> {
  const { code, stderr } = await new Deno.Command(command, { args: [...args], env: { NO_COLOR: "1" } })
    .output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "seal: the executable serves its config, and the runtime refuses it everything else",
  // A compiler needs its base runtime, which not every machine can download.
  ignore: COMPILER === undefined || Deno.build.os !== "linux",
  fn: async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [port, admin] = freePorts();
    const app = { name: "sealed", listen: [`127.0.0.1:${port}`], targets: [target.address] };
    const config = await folder.config({ admin: { listen: `127.0.0.1:${admin}` }, apps: [app] });
    const elsewhere = await folder.config(
      { apps: [{ ...app, targets: [`127.0.0.1:${other.addr.port}`] }] },
      "b.yaml",
    );
    const output = folder.file("sealed");
    const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
    const sealing = await run(Deno.execPath(), [
      "run",
      "-A",
      "--no-check",
      main,
      "seal",
      "-c",
      config,
      "-o",
      output,
    ]);
    assertEquals(sealing, { code: 0, stderr: "" });
    // It needs neither the file nor its folder.
    await Deno.remove(config);

    await using program = new Program(
      new Deno.Command(output, { cwd: "/", stdin: "null", stdout: "piped", stderr: "piped" }).spawn(),
    );
    await program.ready();
    using conn = await connectTo(port);
    await writeAll(conn, utf8("through"));
    assertEquals(await readExactly(conn, 7), utf8("through"));

    // It asks the sealed config where the proxy is.
    assertEquals((await run(output, ["status"])).code, 0);
    const refused = await run(output, ["-c", elsewhere]);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "this executable is sealed");
    const probed = await run(output, ["probe", `127.0.0.1:${other.addr.port}`]);
    assertEquals(probed.code, 1);
    assertStringIncludes(probed.stderr, "NOT_CAPABLE");
    const resealed = await run(output, ["seal", "-o", folder.file("again")]);
    assertStringIncludes(resealed.stderr, "sealed already");
    assertEquals(await program.stop(), 0);
  },
});
