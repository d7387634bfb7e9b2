import type { Draw } from "../engine/draw.ts";

/** Values of any key: right for one, wrong for most. */
const VALUES = [
  "1",
  "0",
  "-1",
  "7001",
  "65536",
  "127.0.0.1:7001",
  "[::1]:7001",
  "localhost:80",
  "unix:/tmp/a",
  "5s",
  "1h30m",
  "10MiB",
  "1e3",
  "0x10",
  "1_000",
  "yes",
  "true",
  "off",
  "null",
  "~",
  "''",
  '"a"',
  "a",
  "[]",
  "{}",
  "[a, b]",
  "{a: b}",
  "&x a",
  "*x",
  "!!int 5",
  "!!str 5",
  "!foo x",
  "|\n  text",
  ">-\n  text",
  "${PORT}",
  "${HOST}:${PORT}",
  "${NOPE}",
  "${NOPE:-7}",
  "${SECRET}",
  "$${PORT}",
  "${",
  "${LONG}",
  "${YAML}",
  '"\\x41"',
  "'it''s'",
  "é",
  "\u00a0x",
  "\u200bx",
  "2001-01-01",
  ".inf",
  ".nan",
  "least_connections",
  "round_robin",
  "/^ok$/i",
  "tcp",
  "http",
  "v1",
  "v2",
  "off",
  "0.0.0.0/0",
  "10.0.0.0/8",
];

/** Keys of any place. */
const KEYS = [
  "name",
  "ports",
  "listen",
  "targets",
  "routes",
  "sni",
  "host",
  "port",
  "weight",
  "backup",
  "balance",
  "connect_timeout",
  "idle_timeout",
  "max_connections",
  "proxy_protocol",
  "accept",
  "send",
  "from",
  "health_check",
  "interval",
  "type",
  "expect",
  "steps",
  "tls",
  "certificate",
  "key",
  "faults",
  "latency",
  "access",
  "allow",
  "deny",
  "discover",
  "defaults",
  "admin",
  "workers",
  "logging",
  "shutdown",
  "x-common",
  "<<",
  "apps",
  "starttls",
  "hash_key",
  "bandwidth",
  "retry",
  "version",
  "é",
  "a b",
  "__proto__",
  "constructor",
  "",
];

/** Tokens that mutations put in. */
export const CONFIG_WORDS: readonly string[] = [
  ...VALUES,
  ...KEYS.map((key) => `${key}: `),
  "\n",
  "\n  ",
  "\n    - ",
  "- ",
  ": ",
  "#",
  "\t",
  "\r",
  "\r\n",
  "---\n",
  "...\n",
  "%YAML 1.2\n",
  "[",
  "]",
  "{",
  "}",
  "'",
  '"',
  "\\",
  "&a ",
  "*a",
  "? ",
  "|",
  ">",
  "\ufeff",
  "\u2028",
  "<<: *x\n",
  "apps:\n  - name: a\n    ports: [7001]\n    targets: [127.0.0.1:80]\n",
];

/** Something like a config: right in its most, with a few things that are not. */
export function configText(draw: Draw): string {
  const apps = draw.list(2, () => app(draw));
  const parts = [
    ...draw.once(4) ? [`defaults:${mapping(draw, 2, 1)}`] : [],
    ...draw.once(6) ? [`${draw.pick(KEYS)}:${node(draw, 2, 2)}`] : [],
    `apps:${apps.length === 0 ? draw.pick([" []", "", " {}"]) : `\n${apps.join("")}`}`,
  ];
  const text = `${parts.join("\n")}\n`;
  const lineEnd = draw.once(12) ? draw.pick(["\r\n", "\r"]) : "\n";
  return (draw.once(20) ? "\ufeff" : "") + text.replaceAll("\n", lineEnd);
}

function app(draw: Draw): string {
  const lines = [
    `name: ${draw.once(8) ? draw.pick(VALUES) : `app-${draw.below(5)}`}`,
    draw.once(6)
      ? `listen: ${draw.pick(VALUES)}`
      : `ports: [${draw.once(5) ? draw.pick(VALUES) : 7000 + draw.below(9)}]`,
    draw.once(6)
      ? `targets:${node(draw, 6, 3)}`
      : `targets: [127.0.0.1:${draw.once(6) ? draw.pick(VALUES) : 9000 + draw.below(3)}]`,
    ...draw.list(3, () => `${draw.pick(KEYS)}:${node(draw, 6, 2)}`),
  ];
  return `  - ${lines.join("\n    ")}\n`;
}

function node(draw: Draw, indent: number, depth: number): string {
  if (depth === 0 || draw.once(2)) return ` ${draw.pick(VALUES)}`;
  if (draw.once(2)) return mapping(draw, indent, depth);
  return draw.list(3, () => `\n${" ".repeat(indent)}-${node(draw, indent + 2, depth - 1)}`).join("");
}

function mapping(draw: Draw, indent: number, depth: number): string {
  return draw.list(4, () => `\n${" ".repeat(indent)}${draw.pick(KEYS)}:${node(draw, indent + 2, depth - 1)}`)
    .join("");
}
