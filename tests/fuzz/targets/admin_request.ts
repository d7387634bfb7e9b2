import { Body } from "../../../lib/admin/http/body.ts";
import { parseHead } from "../../../lib/admin/http/head.ts";
import { Input } from "../../../lib/admin/http/input.ts";
import { RequestError } from "../../../lib/admin/http/request_error.ts";
import { concat, latin1 } from "../../helpers/bytes.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, hex, holds, pureTarget, same } from "../engine/fuzz_target.ts";
import { inPieces } from "../engine/pieces.ts";
import { HTTP_WORDS, httpRequests } from "../grammar/http_requests.ts";

export const ADMIN_REQUEST: FuzzTarget = pureTarget({
  name: "admin_request",
  what: "requests to the admin API as bytes, one after the other",
  dictionary: HTTP_WORDS,
  make: httpRequests,
  check,
});

async function check(input: Uint8Array): Promise<void> {
  const pieces = inPieces(input, new Draw(seedFor(input)));
  const whole = await read([input]);
  same(await read(pieces), whole, "the same requests however they are cut");
}

/** All requests in the bytes, and how it ends. */
async function read(pieces: readonly Uint8Array[]): Promise<string[]> {
  const left = pieces.filter((piece) => piece.length > 0);
  const input = new Input({
    read: (buffer) => {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      const taken = piece.subarray(0, buffer.length);
      buffer.set(taken);
      if (taken.length < piece.length) left.unshift(piece.subarray(taken.length));
      return Promise.resolve(taken.length);
    },
  });
  const requests: string[] = [];
  try {
    for (;;) {
      let bytes = input.takeHead();
      while (bytes === undefined) {
        if (!await input.more()) return [...requests, "end"];
        bytes = input.takeHead();
      }
      const head = parseHead(bytes);
      const body = new Body(input, head.body);
      const parts: Uint8Array[] = [];
      for (let part = await body.next(); part !== undefined; part = await body.next()) {
        parts.push(part.slice());
      }
      const { method, url, headers } = head;
      // The runtime's own parsers must take what was let through.
      const request = new Request(url, { method, headers });
      holds(new URL(request.url).username === "", () => `the target ${url} has a user`);
      holds(!/[^ -~\t\x80-\xff]/.test([...headers].flat().join("")), () => "a field has a control character");
      requests.push(`${method} ${url} ${[...headers].join()} ${hex(concat(...parts))}`);
      if (!head.keepAlive) return [...requests, "close"];
    }
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    holds(
      /^[ -~]+$/.test(error.message),
      () => `the message is ${JSON.stringify(error.message)}, of ${latin1(concat(...pieces))}`,
    );
    return [...requests, `${error.status} ${error.message}`];
  }
}
