/**
 * The rooms of `lib/` and what each may do: the one place that says so. See `docs/adr/0003-layout.md`.
 *
 * @module
 */

/** A room imports only rooms of a smaller number. */
export const ROOMS: Readonly<Record<string, number>> = {
  base: 0,
  log: 1,
  config: 1,
  protocol: 1,
  import: 1,
  runtime: 1,
  net: 2,
  routing: 2,
  balancing: 2,
  relay: 2,
  tls: 2,
  limits: 2,
  listen: 3,
  dial: 3,
  pool: 4,
  logsink: 4,
  session: 5,
  app: 6,
  capture: 6,
  metrics: 6,
  proxy: 7,
  otel: 7,
  workers: 8,
  admin: 9,
  cli: 10,
};

/**
 * Lighter doors beside a room's `mod.ts`, for what is loaded before anything else: what workers import statically is read
 * at the start of each, and a command starts the first worker before it loads the rest.
 */
export const SIDE_DOORS: Readonly<Record<string, string>> = {
  config: "lib/config/parsed.ts",
  workers: "lib/workers/spare_thread.ts",
};

/** The room that `main.ts` opens. */
export const FRONT_ROOM = "cli";

/** Something of the runtime that has its place. */
export interface ApiRule {
  /** Looked for in source text without comments and strings. */
  readonly pattern: RegExp;
  /** Where it is allowed: files, or folders with a slash at their end. */
  readonly allowedIn: readonly string[];
}

/** What is allowed in some places of the product only. */
export const API_RULES: readonly ApiRule[] = [
  { pattern: /\bDeno\.listen\w*/g, allowedIn: ["lib/net/runtime/"] },
  { pattern: /\bDeno\.(?:connect\w*|startTls)/g, allowedIn: ["lib/net/runtime/"] },
  {
    pattern: /\bDeno\.(?:Addr|NetAddr|UnixAddr|Conn|TcpConn|UnixConn)\b/g,
    allowedIn: ["lib/net/runtime/", "lib/admin/"],
  },
  // A library may do anything to the process.
  {
    pattern: /\bDeno\.(?:dlopen|DynamicLibrary|Unsafe\w+)\b/g,
    allowedIn: [
      "lib/net/linux/calls/libc.ts",
      "lib/net/linux/calls/process_libc.ts",
      "lib/runtime/monotonic.ts",
    ],
  },
  { pattern: /\bDeno\.serve\b/g, allowedIn: ["lib/admin/"] },
  { pattern: /\bDeno\.exit\b/g, allowedIn: ["main.ts"] },
  { pattern: /(?<![.\w#$])console\b(?=\s*[.?[])/g, allowedIn: ["lib/cli/", "lib/log/"] },
  // Taken whole, or by a computed name, it could be any of the above.
  { pattern: /\bDeno\b(?!\s*\.)/g, allowedIn: ["lib/runtime/microtasks.ts"] },
];

/**
 * Parsers, choosers, state machines, the diff and the units: they are given bytes, candidates and `nowMs`, and touch
 * nothing else, so that a test needs nothing else.
 */
export const PURE_PLACES: readonly RegExp[] = [
  /^lib\/base\//,
  /^lib\/balancing\//,
  /^lib\/protocol\//,
  /^lib\/import\//,
  // Peeking reads a connection within a time limit.
  /^lib\/routing\/(?!peek\.ts$)/,
  /^lib\/limits\/\w*(?:bucket|access_list)\w*\.ts$/,
  /^lib\/config\/(?:\w+\/)*(?:diff|units|problem|merge|suggest)\w*\.ts$/,
  /^lib\/pool\/(?:.*_)?(?:health|state)\w*\.ts$/,
];

/** What a pure place must not name. */
export const IMPURE = /\bDeno\b|\b(?:performance|Date)\.now\b|\bset(?:Timeout|Interval)\b/g;

/** The one pure place that reads the clock, to hand it to the others. */
export const CLOCK = "lib/base/clock.ts";
