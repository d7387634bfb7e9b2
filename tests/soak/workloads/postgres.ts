import { createHash } from "node:crypto";
import { concat, utf8 } from "../../helpers/bytes.ts";
import { writeAll } from "../../helpers/clients.ts";
import { exactly } from "../servers.ts";
import { SoakError } from "../visit.ts";
import type { Workload } from "./workload.ts";

/** Version 3.0 of the protocol. */
const VERSION = 196608;

/** Queries whose answers are computed here too (the protocol's version 3, simple queries, no password). */
export const postgres: Workload = {
  name: "PostgreSQL",
  app: "postgres",
  weight: 4,
  visit: async (site, visit): Promise<void> => {
    const conn = await visit.connect(site.port("postgres"));
    const startup = concat(uint32(VERSION), utf8("user\0admin\0database\0postgres\0\0"));
    await writeAll(conn, concat(uint32(startup.length + 4), startup));
    await answer(conn);
    for (let round = visit.between(1, 4); round > 0; round--) {
      const first = visit.between(0, 1_000_000);
      const last = first + visit.between(0, 500);
      const query =
        `select string_agg(md5(i::text), '' order by i) from generate_series(${first}, ${last}) i\0`;
      await writeAll(conn, message("Q", utf8(query)));
      const [row] = await answer(conn);
      let expected = "";
      for (let i = first; i <= last; i++) expected += createHash("md5").update(String(i)).digest("hex");
      if (row !== expected) throw new SoakError(`postgres: a wrong answer to ${query}`);
      visit.verified += expected.length;
    }
    await writeAll(conn, message("X", new Uint8Array()));
    await visit.receiveEnd(conn);
  },
};

/** Reads to ReadyForQuery; returns the first column of each row. */
async function answer(conn: Deno.Conn): Promise<string[]> {
  const rows: string[] = [];
  for (;;) {
    const head = await exactly(conn, 5);
    const type = String.fromCharCode(head[0] ?? 0);
    const body = await exactly(conn, new DataView(head.buffer).getUint32(1) - 4);
    if (type === "E") throw new SoakError(`postgres: ${new TextDecoder().decode(body)}`);
    // A count of columns, then the length of the first.
    if (type === "D") rows.push(new TextDecoder().decode(body.subarray(6)));
    if (type === "Z") return rows;
  }
}

function message(type: string, body: Uint8Array): Uint8Array {
  return concat(utf8(type), uint32(body.length + 4), body);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
