import { assertEquals } from "@std/assert";
import { errorCode, errorMessage } from "../../lib/base/mod.ts";
import { type FileText, FileTexts } from "../../lib/app/tls/file_texts.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { hasTool } from "../helpers/programs/tools.ts";

function problem(found: FileText): unknown {
  return "error" in found ? found.error : undefined;
}

Deno.test("FileTexts: reads a file once, however often it is requested and whatever happens to it", async () => {
  await using folder = new TemporaryFolder();
  const path = await folder.write("a.pem", "one");
  const files = new FileTexts();
  assertEquals(await Promise.all([files.read(path), files.read(path)]), [{ text: "one" }, { text: "one" }]);
  await Deno.remove(path);
  assertEquals(await files.read(path), { text: "one" });
  assertEquals(errorCode(problem(await new FileTexts().read(path))), "ENOENT");
});

Deno.test({
  name: "FileTexts: gives up on a file that never ends",
  ignore: !hasTool("mkfifo"),
  fn: async () => {
    await using folder = new TemporaryFolder();
    const path = folder.file("pipe");
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const found = await new FileTexts({ limitMs: 10 }).read(path);
    assertEquals(errorMessage(problem(found)), "not read within 10 ms");
    // Lets whoever still waits for it go.
    await Deno.writeTextFile(path, "");
    await new Promise((resolve) => setTimeout(resolve, 0));
  },
});

Deno.test("FileTexts: a path whose read hangs is not read a second time until that has ended", async () => {
  const { readTextFile } = Deno;
  const reads: PromiseWithResolvers<string>[] = [];
  Deno.readTextFile = () => {
    const read = Promise.withResolvers<string>();
    reads.push(read);
    return read.promise;
  };
  try {
    for (let reload = 0; reload < 3; reload++) {
      const found = await new FileTexts({ limitMs: 1 }).read("/mnt/a.pem");
      assertEquals(errorMessage(problem(found)), "not read within 1 ms");
    }
    assertEquals(reads.length, 1);
    const last = new FileTexts().read("/mnt/a.pem");
    reads[0]?.resolve("one");
    assertEquals(await last, { text: "one" });
    const next = new FileTexts().read("/mnt/a.pem");
    reads[1]?.resolve("two");
    assertEquals(await next, { text: "two" });
  } finally {
    Deno.readTextFile = readTextFile;
  }
});
