import { z } from "zod";
import { percentage, wholeNumber } from "./_numbers.ts";
import { escapedText, expectation, hostHeader, httpPath, httpStatus } from "./_texts.ts";
import { limit } from "./_units.ts";

/** The most checks, or failures, in a row that a change of state may take. */
const MAX_IN_A_ROW = 100;

/** The HTTP form of a check. */
export const HttpCheck = z.strictObject({
  path: httpPath().meta({ description: "What is asked for with GET.", examples: ["/ready"] }),
  status: httpStatus().prefault("2xx").meta({
    description: "The status that is wanted: one, a class or a range.",
    examples: [200, "200-399"],
  }),
  host: hostHeader().optional().meta({
    description:
      "The `Host` header; without it, the target's host, of one that was discovered the name that led to it.",
    examples: ["db.internal"],
  }),
}, { error: "a mapping" });

/** Active checks. */
export const HealthCheck = z.strictObject({
  interval: limit().prefault("5s").meta({ description: "How often each target is checked." }),
  timeout: limit().prefault("2s").meta({
    description: "The limit of one check, from dial to answer; no longer than the interval.",
  }),
  rise: wholeNumber(1, MAX_IN_A_ROW).prefault(2).meta({
    description: "Successes in a row until a target that is down is up. All begin up.",
  }),
  fall: wholeNumber(1, MAX_IN_A_ROW).prefault(3).meta({
    description: "Failures in a row until a target that is up is down.",
  }),
  port: wholeNumber(1, 65535).optional().meta({
    description: "The port that is checked, in place of the target's own. A unix socket is checked as it is.",
    examples: [8008],
  }),
  send: escapedText().optional().meta({
    description:
      "What is sent once the connection is there: a text with the escapes `\\r`, `\\n`, `\\t`, `\\0`, " +
      "`\\xNN` and `\\\\`.",
    examples: ["PING\\r\\n"],
  }),
  expect: expectation().optional().meta({
    description:
      "What must come back, in the first 16 KiB: a text with the same escapes, or a regular expression " +
      "between slashes, with the flags `i`, `m` and `s`, without look-around and back-references. It needs no `send`: some servers speak first.",
    examples: ["+PONG", "/^220 /"],
  }),
  http: HttpCheck.optional().meta({
    description: "Asks over HTTP/1.1, in place of `send` and `expect`.",
    examples: [{ path: "/ready", status: 200 }],
  }),
  tls: z.boolean().prefault(false).meta({
    description: "Whether the check speaks TLS, with what `target_tls` says.",
  }),
}, { error: "a mapping" });

/** Passive checks. */
export const PassiveHealth = z.strictObject({
  failures: wholeNumber(1, MAX_IN_A_ROW).prefault(3).meta({
    description:
      "Failed dials and early resets in a row that eject a target. In between, a connection has gone well as " +
      "soon as the target has sent a byte, or has ended without one and without a reset.",
  }),
  window: limit().prefault("30s").meta({ description: "The failures must lie within this time." }),
  eject_for: limit().prefault("10s").meta({
    description:
      "How long the first ejection lasts; those that follow soon last longer, up to ten times as long.",
  }),
  max_ejected: percentage().prefault("50%").meta({
    description:
      "The share of the targets that may be ejected at once; one target may always be, and the last one that " +
      "is available never is.",
  }),
}, { error: "a mapping" });
