import { assertEquals, assertThrows } from "@std/assert";
import { parseCpuTimes } from "../../bench/system/machine.ts";
import {
  parseKilobytes,
  parseListeningPorts,
  parseProcessStat,
  type ProcessStat,
  processTree,
} from "../../bench/system/proc.ts";

Deno.test("parseProcessStat: a name with spaces and parentheses does not shift the fields", () => {
  const line = "4711 (a) (b c) S 42 1 1 0 -1 4194560 9 9 0 0 150 50 25 5 20 0 9 0 777 1000000 300\n";
  assertEquals(parseProcessStat(line), { pid: 4711, parentPid: 42, cpuSeconds: 2.3, startTicks: 777 });
});

Deno.test("parseProcessStat: anything else is refused", () => {
  for (const text of ["", "12 (x) S", "no parentheses at all"]) {
    assertThrows(() => parseProcessStat(text), SyntaxError, "expected a stat line");
  }
});

Deno.test("processTree: children and grandchildren, no strangers", () => {
  const process = (pid: number, parentPid: number): ProcessStat => ({
    pid,
    parentPid,
    cpuSeconds: 0,
    startTicks: 0,
  });
  const all = [process(1, 0), process(4, 3), process(2, 1), process(3, 2), process(5, 1)];
  assertEquals(processTree([2], all).map((each) => each.pid), [2, 3, 4]);
  assertEquals(processTree([9], all), []);
});

Deno.test("parseKilobytes: the line of that name, zero without one", () => {
  const text = "VmHWM:\t  999 kB\nVmRSS:\t   35032 kB\nRssAnon:\t 100 kB\n";
  assertEquals(parseKilobytes(text, "VmRSS"), 35032);
  assertEquals(parseKilobytes(text, "Pss"), 0);
});

Deno.test("parseListeningPorts: listening sockets alone, IPv4 and IPv6", () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2
   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 0 0
`;
  assertEquals(parseListeningPorts(text), [8080, 22]);
});

Deno.test("parseCpuTimes: busy, idle and stolen ticks of the whole machine", () => {
  const text = "cpu  100 5 200 4000 50 0 10 3 0 0\ncpu0 50 2 100 2000 25 0 5 1 0 0\n";
  assertEquals(parseCpuTimes(text), { busy: 315, idle: 4050, stolen: 3 });
});
