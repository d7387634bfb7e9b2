import { formatAddress, parseAddress } from "../../../lib/base/mod.ts";
import { DnsLookup } from "../../../lib/pool/discovery/dns_lookup.ts";
import { parseTargetGroups, TargetGroupsError } from "../../../lib/pool/discovery/target_groups.ts";
import { DataError, parseData } from "../../../lib/config/mod.ts";
import { utf8 } from "../../helpers/bytes.ts";
import { Draw, seedFor } from "../engine/draw.ts";
import { type FuzzTarget, holds, pureTarget, same } from "../engine/fuzz_target.ts";

const VALUES = [
  '"10.0.0.1:80"',
  '"[::1]:80"',
  '"a.test:80"',
  '"a:0"',
  '"x"',
  '":80"',
  "1",
  "null",
  "[]",
  "{}",
  "true",
  '"256"',
  '"257"',
  '"-1"',
  '"1e2"',
  "3.5",
  '"unix:/a"',
  '"\\u0000:1"',
  '"::ffff:1.2.3.4:80"',
];
const KEYS = ["targets", "labels", "weight", "backup", "__weight__", "__proto__", "constructor", "x"];

export const DISCOVERED: FuzzTarget = pureTarget({
  name: "discovered",
  what: "lists of targets from files and endpoints, and the records of DNS answers",
  dictionary: [
    ...VALUES,
    ...KEYS.map((key) => `"${key}":`),
    '{"targets":["10.0.0.1:80"],"labels":{"weight":"5"}}',
    "[",
    "]",
    "{",
    "}",
    ",",
    "- targets:\n",
    ":",
  ],
  make: (draw) => utf8(`[${draw.list(3, () => group(draw)).join(",")}]`),
  check,
});

function group(draw: Draw): string {
  const values = (): string =>
    `[${draw.list(4, () => draw.pick(VALUES.slice(0, draw.once(6) ? VALUES.length : 3))).join(",")}]`;
  const labels = `{${draw.list(3, () => `"${draw.pick(KEYS)}":${draw.pick(VALUES)}`).join(",")}}`;
  return draw.once(10)
    ? draw.pick(VALUES)
    : `{"targets":${draw.once(10) ? draw.pick(VALUES) : values()}${
      draw.once(2) ? `,"labels":${labels}` : ""
    }}`;
}

async function check(input: Uint8Array): Promise<void> {
  checkList(new TextDecoder().decode(input));
  const draw = new Draw(seedFor(input));
  if (draw.once(4)) await checkRecords(draw);
}

function checkList(text: string): void {
  try {
    const targets = parseTargetGroups(parseData(text));
    const keys = targets.map(({ address }) => formatAddress(address));
    same(new Set(keys).size, keys.length, "each target once");
    for (const { address, weight, backupTier } of targets) {
      same(parseAddress(formatAddress(address)), address, "an address that can be written and read");
      holds(
        weight === undefined || Number.isInteger(weight) && weight >= 0 && weight <= 256,
        () => `the weight is ${weight}`,
      );
      holds(backupTier === 0 || backupTier === 1, () => `the tier is ${backupTier}`);
    }
  } catch (error) {
    if (!(error instanceof TargetGroupsError || error instanceof DataError)) throw error;
    holds(error.message !== "" && error.message.length < 1000, () => `it says ${error.message}`);
  }
}

/** What the runtime gives of an answer: any numbers, any names, any addresses. */
async function checkRecords(draw: Draw): Promise<void> {
  const names = ["a.test.", "b.test.", ".", "", "A.TEST.", "x".repeat(300)];
  const services = draw.list(
    8,
    () => ({ priority: draw.edge(16), weight: draw.edge(16), port: draw.edge(16), target: draw.pick(names) }),
  );
  const addresses = new Map(
    names.map((name) => [
      name,
      draw.list(4, () => draw.pick(["10.0.0.1", "10.0.0.2", "::1", "::ffff:10.0.0.1"])),
    ]),
  );
  const lookup = new DnsLookup({ kind: "srv", name: "s.test" }, {
    services: () => Promise.resolve(services),
    addresses: (name) =>
      draw.once(9) ? Promise.reject(new Error("no answer")) : Promise.resolve(addresses.get(name) ?? []),
  });
  const answer = await lookup.ask(new AbortController().signal);
  holds(answer.targets !== undefined || answer.problem !== undefined, () => "neither targets nor a problem");
  for (const { address, weight, backupTier } of answer.targets ?? []) {
    holds(address.kind === "tcp" && address.port > 0, () => `a target on port ${formatAddress(address)}`);
    holds(
      weight !== undefined && Number.isInteger(weight) && weight >= 1 && weight <= 256,
      () => `the weight is ${weight}`,
    );
    holds(Number.isInteger(backupTier) && backupTier < 8, () => `the tier is ${backupTier}`);
  }
}
