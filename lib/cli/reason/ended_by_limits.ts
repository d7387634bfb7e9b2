import type { ReasonPage } from "./page.ts";

/** Sessions that a time limit ended. */
export const ENDED_BY_LIMITS = {
  ["idle_timeout"]: {
    means: "No byte passed in either direction for `idle_timeout` (default 1h).",
    endedBy: "the proxy",
    causes: [
      "A pool that keeps connections open without using them.",
      "A protocol that is silent by nature: publish and subscribe, a replication stream without traffic.",
      "A peer that vanished without a word, and keepalive had not noticed yet.",
      "A target that works on an answer for longer than the limit.",
    ],
    remedies: [
      "Raise `idle_timeout` of the app, or set it `off` for protocols that may be silent for days.",
      "Or have the client send its protocol's own keepalive more often than that.",
    ],
    fields: {
      ["duration_ms"]: "the whole length; the last byte was idle_timeout before its end",
      ["bytes_up"]: "what the client sent",
      ["bytes_down"]: "what the target sent",
    },
  },
  ["half_close_timeout"]: {
    means: "One side had finished sending, and the other sent no byte for `half_close_timeout` (default 5m).",
    endedBy: "the proxy",
    causes: [
      "A target that does not notice the client's end and never closes its own side.",
      "A client that leaves its socket open after the target has finished.",
      "A long answer that pauses: a report that is computed after the client has half-closed.",
    ],
    remedies: [
      "If the other side was still at work, raise `half_close_timeout`.",
      "Otherwise nothing: without the limit such connections would stay for ever.",
    ],
    fields: {
      ["bytes_up"]: "whether the client had sent something",
      ["bytes_down"]: "whether the target had answered",
    },
  },
  ["max_lifetime"]: {
    means: "The session was as old as `max_lifetime` allows, give or take 10 %.",
    endedBy: "the proxy",
    causes: ["`max_lifetime` is set: to spread long connections over new targets, or to log people out."],
    remedies: ["Nothing, if that is what it is for; otherwise raise it, or set it `off`."],
    fields: { ["duration_ms"]: "max_lifetime, give or take 10 %" },
    metrics: ["tcpproxy_session_seconds"],
  },
} as const satisfies Record<string, ReasonPage>;
