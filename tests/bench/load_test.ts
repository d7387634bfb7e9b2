import { assertEquals, assertThrows } from "@std/assert";
import { isAcknowledged } from "../../bench/load/early_answers.ts";
import { replyLength } from "../../bench/load/http.ts";
import { parseIperf } from "../../bench/load/iperf3.ts";
import { summarizeUs } from "../../bench/load/open_loop.ts";
import { parseWrk } from "../../bench/load/wrk.ts";

const WRK_CLEAN = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.21ms  389.52us  10.27ms   89.93%
    Req/Sec    53.36k     3.05k   58.23k    75.00%
  106215 requests in 2.00s, 17.52MB read
Requests/sec:  53071.80
Transfer/sec:      8.76MB
`;

Deno.test("parseWrk: a run without errors", () => {
  assertEquals(parseWrk(WRK_CLEAN), {
    requests: 106215,
    seconds: 2,
    requestsPerSecond: 53071.8,
    socketErrors: 0,
    badReplies: 0,
  });
});

Deno.test("parseWrk: socket errors are summed, bad replies counted, minutes are seconds", () => {
  const text = `  240 requests in 1.50m, 17.52MB read
  Socket errors: connect 1, read 20, write 300, timeout 4000
  Non-2xx or 3xx responses: 7
Requests/sec:      2.67
`;
  assertEquals(parseWrk(text), {
    requests: 240,
    seconds: 90,
    requestsPerSecond: 2.67,
    socketErrors: 4321,
    badReplies: 7,
  });
});

Deno.test("parseWrk: anything else is refused", () => {
  assertThrows(() => parseWrk("unable to connect to 127.0.0.1:1"), SyntaxError, "expected a report");
});

Deno.test("parseIperf: bytes that arrived and the time that they took", () => {
  const text = JSON.stringify({
    end: { sum_sent: { bytes: 3e9, seconds: 2 }, sum_received: { bytes: 2.5e9, seconds: 2.01 } },
  });
  assertEquals(parseIperf(text), { bytes: 2.5e9, seconds: 2.01 });
});

Deno.test("parseIperf: a failed test gives its complaint", () => {
  const error = "error - the server is busy running a test. try again later";
  assertEquals(parseIperf(JSON.stringify({ start: {}, end: {}, error })), error);
});

Deno.test("parseIperf: a report without an end is refused", () => {
  for (const text of ['{"end":{}}', "[]", '{"end":{"sum_received":{"bytes":1,"seconds":0}}}']) {
    assertThrows(() => parseIperf(text), SyntaxError, "expected bytes and seconds");
  }
});

Deno.test("replyLength: head and body together, however the field is written", () => {
  const head = "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length:5\r\n\r\n";
  assertEquals(replyLength(head), head.length + 5);
});

Deno.test("replyLength: unknown until the head is complete", () => {
  assertEquals(replyLength("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), undefined);
});

Deno.test("replyLength: an error status and a missing length are refused", () => {
  for (const head of ["HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]) {
    assertThrows(() => replyLength(head), SyntaxError, "expected");
  }
});

Deno.test("summarizeUs: percentiles of milliseconds in any order, as microseconds", () => {
  const latenciesMs = Float64Array.from({ length: 1000 }, (_, index) => (1000 - index) / 1000);
  assertEquals(summarizeUs(latenciesMs), {
    requests: 1000,
    p50Us: 500,
    p99Us: 990,
    p999Us: 999,
    maxUs: 1000,
  });
});

const NET_TCP =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4A42 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:4A42 0100007F:B3C4 01 0000A3F0:00000010 01:00000014 00000000     0        0 4712 4 0 20 4 30 10 -1
   2: 0100007F:4A42 0100007F:B3C5 01 00000000:00000010 00:00000000 00000000     0        0 4713 1 0 20 4 30 10 -1
`;

Deno.test("isAcknowledged: by the queue of the very connection; one that is not there has nothing left", () => {
  assertEquals(isAcknowledged(NET_TCP, 0x4a42, 0xb3c4), false);
  assertEquals(isAcknowledged(NET_TCP, 0x4a42, 0xb3c5), true);
  assertEquals(isAcknowledged(NET_TCP, 0x4a42, 0xb3c6), true);
});
