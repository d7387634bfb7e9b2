import * as z from "zod";
import { percentage, wholeNumber } from "../values/numbers.ts";
import { CHECK_TYPES } from "../../model/health_config.ts";
import { escapedText, expectation, hostHeader, httpPath, httpStatus, loginName } from "../values/texts.ts";
import { choice, limit } from "../values/units.ts";

/** The most checks, or failures, in a row that a change of state may take. */
const MAX_IN_A_ROW = 100;

/** The most steps of one check. */
const MAX_STEPS = 32;

/** The HTTP form of a check. */
export const HttpCheck = z.strictObject({
  path: httpPath().meta({ description: "What is asked for with GET.", examples: ["/ready"] }),
  status: httpStatus().prefault("2xx").meta({
    description: "The expected status: one, a class or a range.",
    examples: [200, "200-399"],
  }),
  host: hostHeader().optional().meta({
    description:
      "The `Host` header; without it, the target's host, of one that was discovered the name that led to it.",
    examples: ["db.internal"],
  }),
}, { error: "a mapping" });

/** The send and expect keys of one step, or of a check that has a single step. */
const Dialogue = z.strictObject({
  send: escapedText().optional().meta({
    description:
      "Sent as soon as the connection is up: a text with the escapes `\\r`, `\\n`, `\\t`, `\\0`, `\\xNN` (any byte, " +
      "so `\\x00\\x01` for a binary protocol) and `\\\\`. In double quotes YAML takes escapes itself: use single quotes.",
    examples: ["PING\\r\\n"],
  }),
  expect: expectation().optional().meta({
    description:
      "What must come back, within 16 KiB: a text with the same escapes, or a regular expression over bytes " +
      "between slashes, with the flags `i`, `m` and `s`, without look-around and back-references. It needs no `send`: some servers speak first.",
    examples: ["+PONG", "/^220 /"],
  }),
  expect_not: expectation().optional().meta({
    description:
      "What must not come back before what `expect` says does: the check fails at once when it does. Without " +
      "`expect`, the answer is one line.",
    examples: ["-ERR", "/^[45]/"],
  }),
}, { error: "a mapping" });

/** One step of a check. */
const Step = z.strictObject({
  send: Dialogue.shape.send.clone().meta({
    description: "Sent when the step begins; a text with the same escapes as `health_check.send`.",
    examples: ["AUTH secret\\r\\n"],
  }),
  expect: Dialogue.shape.expect.clone().meta({
    description:
      "What must come back, as in `health_check.expect`. The next step reads on right behind what has matched.",
    examples: ["+OK\\r\\n"],
  }),
  expect_not: Dialogue.shape.expect_not.clone().meta({
    description: "What must not come back, as in `health_check.expect_not`.",
    examples: ["-ERR"],
  }),
}, { error: "a step like { send: … } or { expect: … }" });

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
  type: choice(CHECK_TYPES).optional().meta({
    description:
      "A ready-made check. `tcp`: connects only, which is the default. `redis`: `PING` must get `+PONG`. `smtp`: " +
      "greeting, `EHLO`, `QUIT`. `mysql` and `postgres`: log in without a password, and fail where the server is " +
      "starting up, full or has blocked this host.",
    examples: ["redis"],
  }),
  user: loginName().optional().meta({
    description:
      "The user that a `mysql` or `postgres` check logs in as, one without password and rights. The server must then " +
      "accept it (a PostgreSQL server that asks for the password passes too). Without `user` the check logs in as " +
      "`tcpproxy`; a refusal of that user passes too, and the server may log it.",
    examples: ["health"],
  }),
  database: loginName().optional().meta({
    description: "The database of a `postgres` check; without it, `postgres`.",
    examples: ["app"],
  }),
  ...Dialogue.shape,
  steps: z.array(Step, { error: "a list of steps" })
    .min(1, { error: "at least one step" }).max(MAX_STEPS, { error: `at most ${MAX_STEPS} steps` })
    .optional().meta({
      description: "Several sends and expectations in order, in place of `send`, `expect` and `expect_not`.",
      examples: [[{ send: "AUTH secret\\r\\n", expect: "+OK\\r\\n" }, {
        send: "PING\\r\\n",
        expect: "+PONG",
      }]],
    }),
  http: HttpCheck.optional().meta({
    description: "Asks over HTTP/1.1.",
    examples: [{ path: "/ready", status: 200 }],
  }),
  tls: z.boolean().prefault(false).meta({
    description:
      "Whether the check speaks TLS, with what `target_tls` says; with any form of check. It begins with the first byte, " +
      "or on a target's own port as `starttls` says.",
  }),
}, { error: "a mapping" });

/** The check keys of one target; those left out are the app's. */
export const TargetHealthCheck = z.strictObject({
  ...HealthCheck.shape,
  interval: own(HealthCheck.shape.interval),
  timeout: own(HealthCheck.shape.timeout),
  rise: own(HealthCheck.shape.rise),
  fall: own(HealthCheck.shape.fall),
  tls: own(HealthCheck.shape.tls),
}, { error: "a mapping" });

/** A key without the default that it has in an app. */
function own<Schema extends z.ZodType>(key: z.ZodPrefault<Schema>): z.ZodOptional<Schema> {
  const { description } = key.meta() ?? {};
  return key.unwrap().optional().meta(description === undefined ? {} : { description });
}

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
