import { concat, utf8 } from "../../helpers/bytes.ts";
import { writeAll } from "../../helpers/clients.ts";
import { patternAt } from "../pattern.ts";
import { exactly } from "../servers.ts";
import { SoakError } from "../visit.ts";
import type { Workload } from "./workload.ts";

/** Keys in use, so that the server's memory stays bounded. */
const KEYS = 1000;

/** Values written and read back (the protocol is RESP2). */
export const redis: Workload = {
  name: "Redis",
  app: "redis",
  weight: 12,
  visit: async (site, visit): Promise<void> => {
    const conn = await visit.connect(site.port("redis"));
    const key = `soak-${next++ % KEYS}`;
    for (let round = visit.between(1, 5); round > 0; round--) {
      const length = visit.between(1, 30_000);
      const from = visit.between(0, 1_000_000);
      await writeAll(conn, command("SET", key, patternAt(from, length)));
      await expectText(conn, "+OK\r\n");
      await writeAll(conn, command("GETDEL", key));
      await expectText(conn, `$${length}\r\n`);
      await visit.receive(conn, from, length);
      await expectText(conn, "\r\n");
    }
    await writeAll(conn, command("QUIT"));
    await expectText(conn, "+OK\r\n");
    await visit.receiveEnd(conn);
  },
};

/** Tells visits that are under way at the same time apart. */
let next = 0;

function command(...words: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = words.flatMap((word) => {
    const bytes = typeof word === "string" ? utf8(word) : word;
    return [utf8(`$${bytes.length}\r\n`), bytes, utf8("\r\n")];
  });
  return concat(utf8(`*${words.length}\r\n`), ...parts);
}

async function expectText(conn: Deno.Conn, text: string): Promise<void> {
  const answer = new TextDecoder().decode(await exactly(conn, text.length));
  if (answer !== text) {
    throw new SoakError(`redis: ${JSON.stringify(answer)}; expected ${JSON.stringify(text)}`);
  }
}
