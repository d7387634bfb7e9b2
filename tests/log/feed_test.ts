import { assertEquals } from "@std/assert";
import { closeLogging, Feed, getLogger, type LogLine, logLines, setUpLogging } from "../../lib/log/mod.ts";
import { memoryDestination } from "../helpers/fakes/log_destination.ts";

Deno.test("Feed: each listener gets each entry until it leaves", () => {
  const feed = new Feed<number>();
  const [one, other]: [number[], number[]] = [[], []];
  feed.publish(1);
  const first = feed.listen((entry) => one.push(entry));
  feed.publish(2);
  const second = feed.listen((entry) => other.push(entry));
  feed.publish(3);
  first[Symbol.dispose]();
  feed.publish(4);
  second[Symbol.dispose]();
  feed.publish(5);
  assertEquals([one, other], [[2, 3], [3, 4]]);
});

Deno.test("Feed: says when the first listener comes and when the last one goes", () => {
  const feed = new Feed<number>();
  const demands: boolean[] = [];
  feed.onDemand = (isWanted): void => void demands.push(isWanted);
  const ignore = (): void => {};
  const [first, second] = [feed.listen(ignore), feed.listen(ignore)];
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertEquals([feed.isWanted, demands], [true, [true]]);
  second[Symbol.dispose]();
  assertEquals([feed.isWanted, demands], [false, [true, false]]);
});

Deno.test("logLines: gives what the log writes, from its level on", async () => {
  setUpLogging({ level: "info", format: "text" }, { destination: memoryDestination() });
  const lines: LogLine[] = [];
  const log = getLogger("dial", "tls");
  const listening = logLines.listen((line) => lines.push(line));
  log.debug("left out");
  log.warning('target "{target}" refused', { target: "{x}", code: "E" });
  listening[Symbol.dispose]();
  log.warning("nobody listens");
  await closeLogging();
  assertEquals(lines.map(({ time: _, ...rest }) => rest), [
    { level: "warning", category: "dial.tls", message: 'target "{x}" refused' },
  ]);
});
