/**
 * The JSON Schema says of a value what the loader says: an editor shows a mistake where it is written.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import * as z from "zod";
import { accessLog } from "../../../lib/config/schema/log/access_log.ts";
import type { Leaf } from "../../../lib/config/schema/values/leaf.ts";
import { syslogAddress } from "../../../lib/config/schema/log/log_server.ts";
import { logFormat } from "../../../lib/config/schema/log/log_format.ts";
import { configJsonSchema, editorJsonSchema, parseConfig } from "../../../lib/config/mod.ts";
import {
  countOrOff,
  percentage,
  probability,
  wholeNumber,
} from "../../../lib/config/schema/values/numbers.ts";
import * as texts from "../../../lib/config/schema/values/texts.ts";
import { customTlv, tlv } from "../../../lib/config/schema/app/tlvs.ts";
import * as sockets from "../../../lib/config/schema/values/sockets.ts";
import * as units from "../../../lib/config/schema/values/units.ts";
import { workers } from "../../../lib/config/schema/workers.ts";
import { writtenConfigs } from "../../helpers/config/written_config.ts";

type Validate = (value: unknown) => boolean;

function validatorOf(schema: Record<string, unknown>): Validate {
  return new Ajv2020({ strict: false }).compile(schema);
}

const isValid = validatorOf(configJsonSchema());

/** A scalar of the schema, texts that it reads, and messages for what no form tells. */
interface Scalar {
  readonly schema: Leaf<unknown, unknown>;
  readonly seeds: readonly (string | number | boolean)[];
  readonly beyondForm?: RegExp;
}

const NUMBERS = [-1, 0, 1, 1.5, 65535, 65536, 70000, 1e9, 1e9 + 1, 1e21];
const DURATIONS = [
  "500ms",
  "5s",
  "1.5h",
  "1h30m",
  "1d2h3m4s5ms",
  "0s",
  "0.1ms",
  "720h",
  "off",
  "300",
  "5sec",
];
/** A sum above the limit, and what is rounded to nothing. */
const LIMIT = /at most|more than nothing/;
const HOSTS = ["127.0.0.1", "::1", "fd00::1", "db.internal.", "a_b-c.example", "1.2.3", "256.1.1.1"];
const ADDRESSES = [
  ...["127.0.0.1:7000", "[::1]:80", "db:1-2", "h:*", "h:0", "h:70000", "unix:/run/x.sock", "system"],
  ...["http://h:80", "h", "h:80 ", "1.2.3:80", "[::ffff:10.0.0.1]:65535", "_pg._tcp.example", "db:00080"],
];
/** The grammar of IPv6, and lengths in bytes. */
const ADDRESS = /no IPv6 address|has \d+ bytes|runs backwards|no host name/;

const SCALARS: Readonly<Record<string, Scalar>> = {
  limit: { schema: units.limit(), seeds: DURATIONS, beyondForm: LIMIT },
  limitOrZero: { schema: units.limit({ zero: true }), seeds: DURATIONS, beyondForm: LIMIT },
  limitOrOff: { schema: units.limitOrOff(), seeds: [...DURATIONS, false, true], beyondForm: LIMIT },
  byteRate: { schema: units.byteRate(), seeds: ["64KiB/s", "1.5MB/s", "0B/s", "off"], beyondForm: LIMIT },
  byteRateOrOff: { schema: units.byteRateOrOff(), seeds: ["64KiB/s", "off", false, 5], beyondForm: LIMIT },
  eventRateOrOff: { schema: units.eventRateOrOff(), seeds: ["100/s", "30/m", "0/h", "off", false] },
  size: {
    schema: units.size(),
    seeds: [...NUMBERS, "16KiB", "1000", "1.5MB", "0B"],
    beyondForm: /at most|more than 0/,
  },
  name: { schema: units.name(), seeds: ["web", "a.b-c_d", "", "a b"] },
  listenHost: { schema: units.listenHost(), seeds: HOSTS, beyondForm: ADDRESS },
  hostName: { schema: texts.hostName(), seeds: HOSTS, beyondForm: ADDRESS },
  portRange: {
    schema: units.portRange(),
    seeds: [...NUMBERS, "5001", "6000-6009", "6000 - 6009", "00080", "0", "99999"],
    beyondForm: ADDRESS,
  },
  listenRange: { schema: units.listenRange(), seeds: ADDRESSES, beyondForm: ADDRESS },
  hostAndPort: { schema: units.hostAndPort("h:1"), seeds: ADDRESSES, beyondForm: ADDRESS },
  targetAddress: { schema: units.targetAddress(), seeds: ADDRESSES, beyondForm: ADDRESS },
  discoverableAddress: { schema: units.discoverableAddress(), seeds: ADDRESSES, beyondForm: ADDRESS },
  nameserver: { schema: units.nameserver(), seeds: ADDRESSES, beyondForm: /IP address|no IPv6|no host name/ },
  blocks: {
    schema: texts.blocks().element,
    seeds: ["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::ffff:10.0.0.0/104", "10.0.0.0/33", "::/129"],
    beyondForm: /bits set beyond|no IP address/,
  },
  filePath: { schema: texts.filePath(), seeds: ["./a.pem", "", "a\0b"] },
  serverName: {
    schema: texts.serverName(),
    seeds: ["example.com", "*.example.com.", "*", "a.*.b", "10.0.0.1", "a:443", "a/b"],
    beyondForm: /no host name|IP address/,
  },
  protocol: { schema: texts.protocols().element, seeds: ["h2", "http/1.1", "", "a b"] },
  escapedText: { schema: texts.escapedText(), seeds: ["PING\\r\\n", "\\x00\\\\", "\\q", "", "a\\"] },
  expectation: {
    schema: texts.expectation(),
    seeds: ["+PONG", "/^220 /i", "/a", "/a/x", "\\x2fa"],
    beyondForm: /expression|flags/,
  },
  loginName: { schema: texts.loginName(), seeds: ["postgres", "", "a\nb"] },
  httpPath: { schema: texts.httpPath(), seeds: ["/", "/ready?a=b", "ready", "/a b"] },
  httpStatus: {
    schema: texts.httpStatus(),
    seeds: [...NUMBERS, 200, 599, 600, "2xx", "200-399", "6xx"],
    beyondForm: /"[1-5]\d\d-[1-5]\d\d"/,
  },
  hostHeader: { schema: texts.hostHeader(), seeds: ["a.example:80", "[::1]", "", "a b"] },
  percentage: { schema: percentage(), seeds: ["50%", "100%", "0%", "101%", "050%", 50] },
  countOrOff: { schema: countOrOff(), seeds: [...NUMBERS, "off", false, true, "1"] },
  probability: { schema: probability(), seeds: [...NUMBERS, 0.5] },
  wholeNumber: { schema: wholeNumber(1, 100), seeds: [...NUMBERS, 100, 101, "5"] },
  workers: { schema: workers("linux"), seeds: [...NUMBERS, 256, 257, "auto", "2"] },
  tlv: {
    schema: tlv(),
    seeds: [...NUMBERS, "authority", "0xEA", "234", "nonsense"],
    beyondForm: /one header|the field is "(?:0x0+|\d{1,3})"/i,
  },
  customTlv: {
    schema: customTlv(),
    seeds: [...NUMBERS, 0xe0, 0xf0, "0xE1", "authority"],
    beyondForm: /the field/,
  },
  seconds: { schema: sockets.seconds(60), seeds: DURATIONS, beyondForm: /whole seconds|at most/ },
  secondsOrOff: {
    schema: sockets.secondsOrOff(60),
    seeds: [...DURATIONS, false],
    beyondForm: /whole seconds|at most/,
  },
  markOrOff: { schema: sockets.markOrOff(), seeds: [...NUMBERS, 2 ** 32 - 1, 2 ** 32, "off", false, "5"] },
  interfaceOrOff: {
    schema: sockets.interfaceOrOff(),
    seeds: ["eth0", "off", false, "a b", "a/b", ".", "..", "sixteen-letters-", ""],
  },
  dscpOrOff: { schema: sockets.dscpOrOff(), seeds: [...NUMBERS, 63, 64, "ef", "af44", "off", false] },
  yesOrOff: { schema: sockets.yesOrOff(), seeds: [true, false, "off", "yes", 1] },
  sourceOrOff: {
    schema: sockets.sourceOrOff(),
    seeds: ["10.0.0.1", "10.0.0.0/28", "10.0.0.1-10.0.0.9", "fd00::1 - fd00::9", "::/129", "h", "off", false],
    beyondForm: /bits set beyond|no IP address|runs backwards|mixes/,
  },
  accessLog: { schema: accessLog(), seeds: [true, false, "off", "Off", "STDOUT", "/var/log/a.log", "", 1] },
  syslogAddress: {
    schema: syslogAddress(),
    seeds: [
      ...ADDRESSES,
      "local",
      "udp://10.0.0.1:514",
      "tcp://[::1]:601",
      "tcp://logs:0",
      "udp://logs",
      "tls://h:1",
    ],
    beyondForm: ADDRESS,
  },
  logFormat: {
    schema: logFormat(),
    seeds: ["text", "json", "{client} {target}", "yaml", "{x"],
    beyondForm: /the template/,
  },
};

for (const [name, { schema, seeds, beyondForm }] of Object.entries(SCALARS)) {
  const matches = validatorOf(z.toJSONSchema(schema, { io: "input" }) as Record<string, unknown>);
  const agree = (value: unknown): void => {
    const { success, error } = schema.safeParse(value);
    const message = error?.issues[0]?.message ?? "";
    if (success) assert(matches(value), `${JSON.stringify(value)} is read, and the JSON Schema refuses it`);
    else if (beyondForm?.test(message) !== true) {
      assert(
        !matches(value),
        `${JSON.stringify(value)} is refused (${message}), and the JSON Schema takes it`,
      );
    }
  };

  Deno.test(`configJsonSchema: agrees with the loader on any ${name}`, () => {
    assert(seeds.some((seed) => schema.safeParse(seed).success), "no seed is read");
    for (const value of [...seeds, null, [], {}]) agree(value);
    const written = fc.constantFrom(...seeds.map(String));
    const piece = fc.constantFrom(..."019azAZ.:-/*%[]\\_ \n\0é", "off", "ms", "KiB", "::", "");
    const edited = fc.tuple(written, fc.nat(40), fc.nat(2), piece)
      .map(([text, at, length, insert]) => text.slice(0, at) + insert + text.slice(at + length));
    fc.assert(fc.property(fc.oneof(edited, fc.string(), fc.double(), fc.integer()), agree), {
      numRuns: 300,
    });
  });
}

Deno.test("configJsonSchema: takes every config that the loader takes", async () => {
  await fc.assert(fc.asyncProperty(writtenConfigs, async (written) => {
    await parseConfig(JSON.stringify(written), { file: "config.yaml" });
    assert(isValid(written), JSON.stringify(written));
  }));
});

Deno.test("configJsonSchema: refuses what an editor should underline", () => {
  const good = { name: "a", ports: [1], targets: ["h:1"] };
  assert(isValid({ apps: [good] }));
  const refused: Record<string, unknown>[] = [
    { ports: [0] },
    { ports: [70000] },
    { ports: [1.5] },
    { targets: ["http://h:80"] },
    { targets: [{ address: "h", weight: -1 }] },
    { idle_timeout: "5sec" },
    { connect_timeout: 300 },
    { max_connections: -1 },
    { max_connections: 1.5 },
    { retry: { tries: 1 } },
    { health_check: { port: 70000 } },
    { allow: ["10.0.0.0/33"] },
    { faults: [{ kind: "close", after_bytes: 0 }] },
    { unknown: 1 },
  ];
  assertEquals(refused.filter((wrong) => isValid({ apps: [{ ...good, ...wrong }] })), []);
  assertEquals(isValid({ apps: [] }), false);
  assert(isValid({ apps: [], include: ["conf.d/*.yaml"] }));
});

Deno.test("editorJsonSchema: takes a reference to a variable in place of any value, and all that it took before", () => {
  const isWritten = validatorOf(editorJsonSchema());
  const good = { name: "a", ports: [1], targets: ["h:1"] };
  const taken: Record<string, unknown>[] = [
    {},
    { ports: ["${PORT}"] },
    { targets: ["${HOST:-db}:5432", { address: "${A}", weight: "${W}", backup: "${B:-false}" }] },
    { idle_timeout: "${IDLE}", max_connections: "$$${MOST}", balance: "${BALANCE}", keepalive: "${ALIVE}" },
    { faults: [{ kind: "close", after_bytes: "${BYTES}" }] },
    { health_check: { port: "${P}", http: { path: "/x", status: "${S}" } } },
  ];
  assertEquals(taken.filter((each) => !isWritten({ apps: [{ ...good, ...each }] })), []);
  const refused: Record<string, unknown>[] = [
    { ports: ["$PORT"] },
    { ports: ["$${PORT}"] },
    { idle_timeout: "${}" },
    { idle_timeout: "5sec" },
    { "${NAME}": 1 },
    { keepalive: "yes" },
  ];
  assertEquals(refused.filter((each) => isWritten({ apps: [{ ...good, ...each }] })), []);
});
