import { holds } from "../engine/fuzz_target.ts";

/**
 * The statuses of the responses on a connection, interim ones left out. `isHead` says which of the requests were HEAD, whose
 * responses have no body.
 *
 * @throws {PropertyError} when the text is anything but whole responses.
 */
export function readResponses(text: string, isHead: readonly boolean[]): number[] {
  const statuses: number[] = [];
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const [, code] = /^HTTP\/1\.1 (\d{3}) [ -~]*\r\n/.exec(rest) ?? [];
    holds(end >= 0 && code !== undefined, () => `no response: ${JSON.stringify(rest.slice(0, 200))}`);
    const status = Number(code);
    const fields = rest.slice(0, end + 2).split("\r\n").slice(1, -1);
    for (const field of fields) {
      holds(/^[a-z-]+: [\t -~\x80-\xff]*$/.test(field), () => `a field is ${JSON.stringify(field)}`);
    }
    rest = rest.slice(end + 4);
    if (status === 100) continue;
    const isBodiless = isHead[statuses.length] === true || status === 204 || status === 304;
    statuses.push(status);
    if (isBodiless) continue;
    const length = fields.find((field) => field.startsWith("content-length: "))?.slice(16);
    if (length !== undefined) {
      holds(rest.length >= Number(length), () => `a body has ${rest.length} of ${length} bytes`);
      rest = rest.slice(Number(length));
    } else if (fields.includes("transfer-encoding: chunked")) rest = afterChunks(rest);
    else rest = "";
  }
  return statuses;
}

function afterChunks(text: string): string {
  for (let rest = text;;) {
    const [line, size] = /^([\da-f]+)\r\n/.exec(rest) ?? [];
    holds(line !== undefined && size !== undefined, () => `no chunk: ${JSON.stringify(rest.slice(0, 60))}`);
    const count = parseInt(size, 16);
    rest = rest.slice(line.length + count);
    holds(rest.startsWith("\r\n"), () => "a chunk has no end");
    rest = rest.slice(2);
    if (count === 0) return rest;
  }
}
