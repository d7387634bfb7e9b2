import { assertEquals } from "@std/assert";
import { Bearer } from "../../lib/admin/auth/bearer.ts";

const TOKEN = "0123456789abcdef";

Deno.test("Bearer: accepts the token and nothing else", async () => {
  const bearer = new Bearer(TOKEN);
  for (const header of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `BEARER   ${TOKEN}`]) {
    assertEquals(await bearer.accepts(header), true, header);
  }
  const others = [
    undefined,
    "",
    TOKEN,
    `Bearer ${TOKEN}0`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    "Bearer ",
    "Bearer",
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN} x`,
    `Bearer x ${TOKEN}`,
  ];
  for (const header of others) assertEquals(await bearer.accepts(header), false, header);
});
