import { writeAll } from "../../helpers/clients.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { FILE_BYTES } from "../site.ts";
import { SoakError } from "../visit.ts";
import type { Workload } from "./workload.ts";

/** The longest head that nginx sends here is far below. */
const MAX_HEAD_BYTES = 2000;

/** Some requests over one kept connection to nginx (RFC 9112); the last one closes it. */
export const http: Workload = {
  name: "HTTP, kept alive",
  app: "http",
  weight: 12,
  visit: async (site, visit): Promise<void> => {
    const conn = await visit.connect(site.port("http"));
    const requests = visit.between(1, 8);
    for (let number = 1; number <= requests; number++) {
      const size = FILE_BYTES[visit.between(0, FILE_BYTES.length - 1)] ?? 0;
      const how = number === requests ? "close" : "keep-alive";
      await writeAll(conn, utf8(`GET /${size} HTTP/1.1\r\nHost: soak\r\nConnection: ${how}\r\n\r\n`));
      const head = await readHead(conn);
      if (!head.startsWith("HTTP/1.1 200 ")) throw new SoakError(`http: ${head.split("\r\n")[0]}`);
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1]);
      if (length !== size) throw new SoakError(`http: a body of ${length} bytes; expected ${size}`);
      await visit.receive(conn, 0, size);
    }
    await visit.receiveEnd(conn);
  },
};

/** Reads to the empty line, a byte at a time so as to take none of the body. */
async function readHead(conn: Deno.Conn): Promise<string> {
  const bytes = new Uint8Array(MAX_HEAD_BYTES);
  for (let have = 0; have < bytes.length;) {
    const count = await conn.read(bytes.subarray(have, have + 1));
    if (count === null) throw new SoakError(`http: the end came in the head, after ${have} bytes`);
    have += count;
    if (have >= 4 && bytes[have - 1] === 10 && bytes[have - 3] === 10) {
      return new TextDecoder().decode(bytes.subarray(0, have));
    }
  }
  throw new SoakError(`http: no end of the head within ${MAX_HEAD_BYTES} bytes`);
}
