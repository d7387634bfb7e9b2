import { assert, assertEquals } from "@std/assert";

const CHILD = new URL("./end_of_process_child.ts", import.meta.url);

function child(end: string): Deno.Command {
  // Without any permission, as the log has to work in every sandbox.
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", CHILD.href, end],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

for (const [end, wantedCode] of [["natural", 0], ["exit", 3], ["throw", 1], ["reject", 1]] as const) {
  Deno.test(`logs: nothing is lost when a process ends by ${end}`, async () => {
    const { code, stdout, stderr } = await child(end).output();
    assertEquals(code, wantedCode);
    assertEquals(new TextDecoder().decode(stdout).split("\n").length, 1001);
    assert(new TextDecoder().decode(stderr).includes("info    child: it spoke\n"));
  });
}

Deno.test("logs: a stdout that nobody reads neither stops the process nor its end", async () => {
  await using process = child("stalled").spawn();
  // Only stderr is read: with a write that waits for its reader the process would stand still for ever.
  const said = await new Response(process.stderr).text();
  const { code } = await process.status;
  await process.stdout.cancel();
  assertEquals(code, 3);
  assert(/child: dropped [1-9]\d*\n/.test(said), said);
});
