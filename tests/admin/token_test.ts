import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readToken, TokenError } from "../../lib/admin/mod.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { hasTool } from "../helpers/programs/tools.ts";

const GOOD = "abcdefghABCDEFGH";

Deno.test("readToken: reads the token without surrounding white space", async () => {
  await using folder = new TemporaryFolder();
  for (const text of [GOOD, `${GOOD}\n`, `\n  ${GOOD}\r\n\n`]) {
    assertEquals(await readToken(await folder.write("t", text)), GOOD);
  }
  for (const token of [`${GOOD}==`, "0123456789-._~+/", "x".repeat(1024)]) {
    assertEquals(await readToken(await folder.write("t", token)), token);
  }
});

Deno.test("readToken: an invalid token is reported without revealing any of it", async () => {
  await using folder = new TemporaryFolder();
  const mistakes: [string | Uint8Array, string][] = [
    ["", "is empty; expected a token of at least 16 characters"],
    [" \n", "is empty; expected a token of at least 16 characters"],
    [`${GOOD} secret`, "has white space within the token; expected one word"],
    [`${GOOD}\nsecret`, "has white space within the token; expected one word"],
    ["secret", "has a token of 6 characters; expected at least 16"],
    [`${GOOD}"secret`, "has characters that a token may not have"],
    [`${GOOD}=secret`, "has characters that a token may not have"],
    [`${GOOD}ü`, "has characters that a token may not have"],
    ["x".repeat(1025), "has a token of more than 1024 characters; use a shorter one"],
    ["x".repeat(100_000), "has a token of more than 1024 characters; use a shorter one"],
    [new Uint8Array(16).fill(0xff), "has characters that a token may not have"],
  ];
  for (const [content, says] of mistakes) {
    const file = folder.file("t");
    await Deno.writeFile(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    const { message } = await assertRejects(() => readToken(file), TokenError);
    assertStringIncludes(message, `the file "${file}" ${says}`);
    assertEquals(message.includes("secret"), false);
  }
});

Deno.test("readToken: reports a file that cannot be read", async () => {
  await using folder = new TemporaryFolder();
  const missing = await assertRejects(() => readToken(folder.file("none")), TokenError);
  assertStringIncludes(missing.message, "does not exist; expected a file with a token");
  const directory = await assertRejects(() => readToken(folder.path), TokenError);
  assertStringIncludes(directory.message, "is a directory; expected a file with a token");
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
