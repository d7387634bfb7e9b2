import { assertEquals, assertThrows } from "@std/assert";
import { type Choices, OptionError, type Options, parseOptions, usage } from "../../bench/options.ts";

const CHOICES: Choices = {
  measures: ["bulk", "requests"],
  curves: ["idle_curve", "pick_curve"],
  peers: ["tcpproxy", "haproxy", "socat"],
  smokePeers: ["tcpproxy", "haproxy"],
};

function parse(...args: string[]): Options {
  return parseOptions(args, CHOICES, "/bench");
}

Deno.test("parseOptions: a plain run is all measures, no curve, all peers, written to the bench's folder", () => {
  const options = parse();
  assertEquals([options.only, options.peers, options.out], [CHOICES.measures, CHOICES.peers, "/bench"]);
  assertEquals([options.warm, options.json, options.help], [true, false, false]);
});

Deno.test("parseOptions: a smoke run is one short round of two peers and writes nothing", () => {
  const options = parse("--smoke");
  assertEquals([options.rounds, options.load.seconds, options.warm], [1, 1, false]);
  assertEquals([options.peers, options.out], [CHOICES.smokePeers, undefined]);
});

Deno.test("parseOptions: what is given goes before what a smoke run would take", () => {
  const options = parse("--smoke", "--peers", "socat", "--rounds=2", "--out=/x");
  assertEquals([options.peers, options.rounds, options.out], [["socat"], 2, "/x"]);
});

Deno.test("parseOptions: the word curves stands for all of them", () => {
  assertEquals(parse("--only=bulk,curves").only, ["bulk", "idle_curve", "pick_curve"]);
});

Deno.test("parseOptions: numbers reach the load", () => {
  const { load } = parse("--seconds=7", "--idle=10", "--rate=20", "--threads=2");
  assertEquals(load, { seconds: 7, idleConnections: 10, rate: 20, threads: 2 });
});

Deno.test("parseOptions: figures of several threads go to a folder of their own", () => {
  assertEquals(parse("--threads=2").out, "/bench/threads_2");
  assertEquals(parse("--threads=2", "--out=/x").out, "/x");
  assertEquals(parse("--threads=1").out, "/bench");
});

Deno.test("parseOptions: what cannot be read is named", () => {
  const cases: [string, string][] = [
    ["--round=1", '"--round=1" is unknown'],
    ["stray", '"stray" is unknown'],
    ["--rounds=0", '--rounds is "0"'],
    ["--seconds=1.5", '--seconds is "1.5"'],
    ["--peers=nobody", '--peers has "nobody"'],
    ["--only=bulk,x", '--only has "x"'],
  ];
  for (const [arg, message] of cases) assertThrows(() => parse(arg), OptionError, message);
});

Deno.test("usage: names every measure, curve and peer", () => {
  const text = usage(CHOICES);
  const names = [...CHOICES.measures, ...CHOICES.curves, ...CHOICES.peers];
  assertEquals(names.filter((name) => !text.includes(name)), []);
});
