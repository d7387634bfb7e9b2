/**
 * The app options of its sockets. All but `keepalive: true` need the native engine (`lib/config/native_keys.ts`).
 *
 * @module
 */
import * as z from "zod";
import { DEFAULT_KEEPALIVE, DSCP_NAMES, type KeepaliveTimes } from "../../../base/mod.ts";
import type { Leaf } from "../values/leaf.ts";
import { wholeNumber } from "../values/numbers.ts";
import {
  dscpOrOff,
  interfaceOrOff,
  markOrOff,
  seconds,
  secondsOrOff,
  sides,
  sourceOrOff,
  yesOrOff,
} from "../values/sockets.ts";
import { limitOrOff } from "../values/units.ts";

/** The longest times, and the most probes, that the kernel takes (`MAX_TCP_KEEPIDLE` and others in its `tcp.h`). */
const MAX_KEEPALIVE_SECONDS = 32_767;
const MAX_KEEPALIVE_PROBES = 127;

/** Beyond the kernel's last repetition of the answer to a client's SYN, about a minute, it would not count. */
const MAX_DEFER_SECONDS = 60;

const KeepaliveMapping = z.strictObject({
  idle: seconds(MAX_KEEPALIVE_SECONDS).prefault(`${DEFAULT_KEEPALIVE.idleSeconds}s`).meta({
    description: "Silence before the first probe.",
  }),
  interval: seconds(MAX_KEEPALIVE_SECONDS).prefault(`${DEFAULT_KEEPALIVE.intervalSeconds}s`).meta({
    description: "Between two probes.",
  }),
  count: wholeNumber(1, MAX_KEEPALIVE_PROBES).prefault(DEFAULT_KEEPALIVE.count).meta({
    description: "Unanswered probes after which the connection is lost.",
  }),
}, { error: "a mapping" });

/** The longest TCP_USER_TIMEOUT: a signed number of milliseconds, in whole days. */
const MAX_USER_TIMEOUT_MS = 24 * 24 * 3_600_000;

const NATIVE = "Needs the native engine.";
const BOTH = "A plain value is for listeners and dials, a mapping for each.";

/** Whether silent peers are probed, and when. */
const KeepaliveValue: Leaf<boolean | KeepaliveTimes, boolean | "off" | z.input<typeof KeepaliveMapping>> = z
  .union(
    [
      z.boolean(),
      z.literal("off").transform((): false => false),
      KeepaliveMapping.transform(({ idle, interval, count }): KeepaliveTimes => ({
        idleSeconds: idle,
        intervalSeconds: interval,
        count,
      })),
    ],
    { error: "true, false, or a mapping" },
  );

/** When silent peers are probed. */
export const Keepalive = KeepaliveValue.meta({
  title: "boolean or mapping",
  description:
    "TCP keepalive to clients and targets, so that a peer that has vanished is noticed. `true`: the native engine probes " +
    `after ${DEFAULT_KEEPALIVE.idleSeconds}s of silence, every ${DEFAULT_KEEPALIVE.intervalSeconds}s, ` +
    `${DEFAULT_KEEPALIVE.count} times; the runtime's sockets have the system's times (Linux: ` +
    "`net.ipv4.tcp_keepalive_time`, 2 hours). A mapping sets them and needs the native engine.",
  default: true,
  examples: [{ idle: "30s", interval: "5s", count: 3 }],
});

/** The other options of sockets. */
export const SocketOptions = z.strictObject({
  user_timeout: limitOrOff({ mostMs: MAX_USER_TIMEOUT_MS }).meta({
    description:
      "How long data that was sent to a client or a target may stay unacknowledged before its connection is lost " +
      `(TCP_USER_TIMEOUT), also with keepalive on, whose \`count\` it then replaces. ${NATIVE}`,
    default: "off",
    examples: ["30s"],
  }),
  source: sourceOrOff().meta({
    description:
      "The addresses that targets are dialed from, in turn, for both families if need be; each must be an address of this " +
      "machine. Blocks are used without their network and broadcast addresses. Ports are chosen by the kernel for each " +
      `target, so that every address has some 28,000 for each. ${NATIVE}`,
    default: "off",
    examples: ["10.0.0.4-10.0.0.9", ["10.0.0.4", "fd00::/120"]],
  }),
  transparent: z.boolean({ error: "true or false" }).meta({
    description:
      "Dials targets from the client's own address (IP_TRANSPARENT), that of its PROXY header if it has one. The targets' " +
      `packets must be routed back to this machine ([how](native-engine.md#transparent)). Needs CAP_NET_ADMIN. ${NATIVE}`,
    default: false,
  }),
  mark: sides(markOrOff(), {
    title: "number, `off`",
    wanted: "a whole number, off",
    listen: "Of the answers to clients.",
    dial: "Of what targets are sent.",
  }).meta({
    description:
      `The mark of the packets sent, for \`ip rule\` and firewalls (SO_MARK). Needs CAP_NET_ADMIN. ${BOTH} ${NATIVE}`,
    default: "off",
    examples: [0x10, { dial: 0x10 }],
  }),
  interface: sides(interfaceOrOff(), {
    title: "name, `off`",
    wanted: "the name of an interface, off",
    listen: "The interface that clients come in by.",
    dial: "The interface that targets are dialed by.",
  }).meta({
    description: "The only network interface (or VRF) that connections use (SO_BINDTODEVICE). " +
      `${BOTH} ${NATIVE}`,
    default: "off",
    examples: ["eth0", { dial: "eth1" }],
  }),
  dscp: sides(dscpOrOff(), {
    title: "name, number, `off`",
    wanted: "the name or number of a traffic class, off",
    listen: "Of what clients are sent.",
    dial: "Of what targets are sent.",
  }).meta({
    description: `The traffic class of the packets sent (DSCP): a name (${
      DSCP_NAMES.map((name) => `\`${name}\``).join(", ")
    }) or a ` +
      `number from 0 to 63. ${BOTH} ${NATIVE}`,
    default: "off",
    examples: ["ef", { listen: "af41", dial: 10 }],
  }),
  fast_open: sides(yesOrOff(), {
    title: "boolean",
    wanted: "true, false",
    listen: "Clients that have been here before may send data in their first packet.",
    dial:
      "What a target is sent first travels in the first packet, where there is something to send at once: " +
      "a PROXY header, TLS, or what the client was read for `routes`.",
  }).meta({
    description:
      "TCP Fast Open (RFC 7413): saves a round trip of new connections. The system must allow it " +
      "(`net.ipv4.tcp_fastopen`: 1 for dials, 2 for listeners, 3 for both). A request may be delivered twice, " +
      `so use it only where that does no harm. ${BOTH} ${NATIVE}`,
    default: false,
    examples: [true, { listen: true }],
  }),
  defer_accept: secondsOrOff(MAX_DEFER_SECONDS).meta({
    description:
      "Accepts a client only once it has sent something, or after about this time (TCP_DEFER_ACCEPT). " +
      `Not for protocols in which the server speaks first. ${NATIVE}`,
    default: "off",
    examples: ["5s"],
  }),
  mptcp: sides(yesOrOff(), {
    title: "boolean",
    wanted: "true, false",
    listen: "Clients may use several paths; others are served as before.",
    dial: "Targets that can are connected over several paths, others over one.",
  }).meta({
    description:
      "Multipath TCP (RFC 8684). Where the kernel has none, connections use TCP, and the log says so. A change for " +
      `listeners needs a restart. ${BOTH} ${NATIVE}`,
    default: false,
    examples: [true, { listen: true }],
  }),
});

/** The parsed options of sockets. */
export type ParsedSocketOptions = z.output<typeof SocketOptions> & {
  readonly keepalive: z.output<typeof Keepalive>;
};
