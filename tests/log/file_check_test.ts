import { assertEquals } from "@std/assert";
import { logFileProblem } from "../../lib/log/mod.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("logFileProblem: none for what can be opened, and nothing is created or changed", async () => {
  await using folder = new TemporaryFolder();
  const [old, fresh] = [folder.file("old.log"), folder.file("new.log")];
  await Deno.writeTextFile(old, "kept\n");
  assertEquals([await logFileProblem(old), await logFileProblem(fresh)], [undefined, undefined]);
  assertEquals(await Deno.readTextFile(old), "kept\n");
  const names = await Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name);
  assertEquals(names, ["old.log"]);
});

Deno.test("logFileProblem: a directory, a missing directory, a path through a file", async () => {
  await using folder = new TemporaryFolder();
  await Deno.writeTextFile(folder.file("file"), "");
  assertEquals(await logFileProblem(folder.path), "the path is a directory; give the path of a file");
  assertEquals(
    await logFileProblem(folder.file("none/a.log")),
    `its directory ${JSON.stringify(folder.file("none"))} does not exist; create it`,
  );
  assertEquals(
    await logFileProblem(folder.file("file/a.log")),
    "the path leads through a file; give one that leads through directories",
  );
});

Deno.test({
  name: "logFileProblem: what this user may not write",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0,
  fn: async () => {
    await using folder = new TemporaryFolder();
    await Deno.writeTextFile(folder.file("a.log"), "");
    await Deno.chmod(folder.file("a.log"), 0o400);
    assertEquals(
      await logFileProblem(folder.file("a.log")),
      "this user may not write the file; change its owner or mode",
    );
    await Deno.mkdir(folder.file("shut"), { mode: 0o500 });
    assertEquals(
      await logFileProblem(folder.file("shut/a.log")),
      `this user may not create a file in ${JSON.stringify(folder.file("shut"))}; change its owner or mode`,
    );
  },
});

Deno.test({
  name: "logFileProblem: the process's own streams are fine, another descriptor is not",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    assertEquals(await logFileProblem("/dev/stdout"), undefined);
    assertEquals(
      await logFileProblem("/dev/fd/7"),
      '"/dev/fd/7" is not supported; use /dev/stdout, /dev/stderr or the path of a file',
    );
  },
});
