import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readToken, TokenError } from "../../lib/admin/mod.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { hasTool } from "../helpers/tools.ts";

const GOOD = "abcdefghABCDEFGH";

Deno.test("readToken: the word in the file, without what editors put round it", async () => {
  await using folder = new TemporaryFolder();
  for (const text of [GOOD, `${GOOD}\n`, `\n  ${GOOD}\r\n\n`]) {
    assertEquals(await readToken(await folder.write("t", text)), GOOD);
  }
  for (const token of [`${GOOD}==`, "0123456789-._~+/", "x".repeat(1024)]) {
    assertEquals(await readToken(await folder.write("t", token)), token);
  }
});

Deno.test("readToken: what is no token is said without a part of it", async () => {
  await using folder = new TemporaryFolder();
  const mistakes: [string | Uint8Array, string][] = [
    ["", "is empty, a token of at least 16 characters was wanted"],
    [" \n", "is empty, a token of at least 16 characters was wanted"],
    [`${GOOD} secret`, "has white space within its text, a token in one word was wanted"],
    [`${GOOD}\nsecret`, "has white space within its text, a token in one word was wanted"],
    ["secret", "has a token of 6 characters, at least 16 were wanted"],
    [`${GOOD}"secret`, "has other characters than a token may have"],
    [`${GOOD}=secret`, "has other characters than a token may have"],
    [`${GOOD}ü`, "has other characters than a token may have"],
    ["x".repeat(1025), "has more than 1024 characters, fewer were wanted"],
    ["x".repeat(100_000), "has more than 1024 characters, fewer were wanted"],
    [new Uint8Array(16).fill(0xff), "has other characters than a token may have"],
  ];
  for (const [content, says] of mistakes) {
    const file = folder.file("t");
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    const { message } = await assertRejects(() => readToken(file), TokenError);
    assertStringIncludes(message, `the file "${file}" ${says}`);
    assertEquals(message.includes("secret"), false);
  }
});

Deno.test("readToken: a file that cannot be read is said to be so", async () => {
  await using folder = new TemporaryFolder();
  const missing = await assertRejects(() => readToken(folder.file("none")), TokenError);
  assertStringIncludes(missing.message, "does not exist, a file with a token was wanted");
  const directory = await assertRejects(() => readToken(folder.path), TokenError);
  assertStringIncludes(directory.message, "is a directory, a file with a token was wanted");
});

Deno.test({
  name: "readToken: a pipe is refused at once",
  ignore: !hasTool("mkfifo"),
  fn: async () => {
    await using folder = new TemporaryFolder();
    const pipe = folder.file("pipe");
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const refused = await assertRejects(() => readToken(pipe), TokenError);
    assertEquals(
      refused.message,
      `the file "${pipe}" cannot be read: it is a pipe; use a regular file that holds a token`,
    );
  },
});

Deno.test("readToken: a file that is never read is reported after the limit", async () => {
  const { stat } = Deno;
  // Stands in for a dead mount.
  Deno.stat = () => new Promise(() => {});
  try {
    const late = await assertRejects(() => readToken("/mnt/token", { limitMs: 1 }), TokenError);
    assertStringIncludes(late.message, "cannot be read: not read within 1 ms");
  } finally {
    Deno.stat = stat;
  }
});
