import type { ReasonPage } from "./page.ts";

/** Sessions that client or target ended. */
export const ENDED_BY_PEERS = {
  ["client_closed"]: {
    means: "The client finished sending first, and both directions ended in order.",
    endedBy: "the client",
    causes: [
      "The normal end of a protocol in which the client hangs up: `redis-cli`, `psql`, an HTTP client that is done.",
      "A health check of a load balancer in front of the proxy that connects and closes: 0 bytes both ways.",
    ],
    remedies: [
      "Nothing: this is how a session should end.",
      "If clients complain, compare `bytes_down` with what they expected: 0 means that the target never answered.",
    ],
    fields: { ["bytes_down"]: "what the target had answered", ["duration_ms"]: "how long the client stayed" },
    metrics: ["tcpproxy_session_seconds"],
  },
  ["target_closed"]: {
    means: "The target finished sending first, and both directions ended in order.",
    endedBy: "the target",
    causes: [
      "The normal end of a protocol in which the server hangs up: HTTP/1.0, `Connection: close`, SMTP after QUIT.",
      "The target's own idle timeout or limit of requests per connection.",
      "A target that is full or shuts down and closes new connections at once: `bytes_down` is 0.",
    ],
    remedies: [
      "Nothing, if `bytes_down` is what you expect.",
      "With 0 bytes and a short duration look at the target's log; `tcpproxy probe ADDRESS` shows what it does.",
      "If clients find pooled connections closed, give the proxy's `idle_timeout` and their pools a shorter time than " +
      "the target's.",
    ],
    fields: {
      target: "which target it was",
      ["bytes_down"]: "0: it closed without an answer",
      ["duration_ms"]: "a round number again and again is a timeout of the target's",
    },
    metrics: ["tcpproxy_target_bytes_total"],
  },
  ["client_reset"]: {
    means: "The client's connection broke: it sent a reset, or its host can no longer be reached.",
    endedBy: "the client, or the network on its side",
    causes: [
      "The client was killed, or closed its socket with data unread: browsers and load testers do it all the time.",
      "The client gave up waiting for a slow answer.",
      "A firewall or NAT on the way dropped the connection; the detail names the error, such as `ETIMEDOUT`.",
      "A load balancer in front of the proxy resets instead of closing.",
    ],
    remedies: [
      "Compare `duration_ms` of several: the same length each time is a timeout of the client's, or of a box between.",
      "If it is a NAT or firewall that forgets idle connections, set `keepalive: { idle: 60s }`, or a shorter " +
      "`idle_timeout`.",
      "If clients give up, find the slow target: `tcpproxy status`, and `connect_ms` in the log.",
    ],
    fields: {
      detail: "the error, where it is no plain reset",
      ["bytes_down"]: "how much of the answer had passed",
      ["duration_ms"]: "when the client gave up",
    },
  },
  ["target_reset"]: {
    means: "The target's connection broke: it sent a reset, or its host can no longer be reached.",
    endedBy: "the target, or the network on its side",
    causes: [
      "The target crashed, was restarted, or closed its socket with data unread.",
      "The target reached a limit of its own: connections, memory, descriptors.",
      "A firewall between proxy and target dropped an idle connection; the detail names the error.",
    ],
    remedies: [
      "Look at which `target` it is: one alone points at that server, all of them at the network or a deployment.",
      "Read the target's log at that time; `tcpproxy probe ADDRESS` shows whether it answers now.",
      "`passive_health: {}` takes a target out that resets several connections in a row.",
    ],
    fields: {
      target: "which target it was",
      detail: "the error, where it is no plain reset",
      ["bytes_down"]: "what the client had got; it gets all of that, then the end",
    },
    metrics: ["tcpproxy_target_ejections_total"],
  },
  ["client_gone"]: {
    means: "The client left before its connection had a target.",
    endedBy: "the client",
    causes: [
      "A port scan, or a health check of a load balancer that only connects (`sni`, PROXY headers or TLS are awaited).",
      "The client gave up while targets were dialed: they were slow or down, and its own timeout is shorter than " +
      "`connect_timeout`.",
    ],
    remedies: [
      "With `tries` 0 and a short duration, nothing: it is a check or a scan.",
      "With `tries` above 0, shorten `connect_timeout` and `connect_deadline`, so that a dead target is passed over " +
      "before the client gives up; `health_check: {}` keeps it from being dialed at all.",
    ],
    fields: { tries: "dials made when it left", ["duration_ms"]: "how long it waited" },
    metrics: ["tcpproxy_dials_total", "tcpproxy_dial_seconds"],
  },
} as const satisfies Record<string, ReasonPage>;
