import type { ReasonPage } from "./page.ts";

/** Sessions that never had a target, because of what the client is or said. */
export const REFUSED = {
  denied: {
    means: "The client's address is not allowed: `deny` lists it, or `allow` does not.",
    endedBy: "the proxy, before any target was dialed",
    causes: [
      "A client from a network that the access list does not know yet.",
      "The proxy is behind a load balancer and sees its address in place of the client's.",
      "An IPv6 client, while the list has IPv4 blocks only.",
    ],
    remedies: [
      "`tcpproxy explain --port PORT --client ADDR` names the rule that decided.",
      "Add the network to `allow`, or take it out of `deny`, which wins; then reload.",
      "Behind a load balancer set `proxy_protocol: { accept: required, from: […] }` here and PROXY headers there.",
    ],
    fields: { client: "the address that was judged", detail: "the rule that decided" },
  },
  limit: {
    means:
      "A limit of connections was reached: the client's own, that of every target, or the app's share of file " +
      "descriptors. The detail says which.",
    endedBy: "the proxy",
    causes: [
      "The client has `max_connections_per_client` connections open.",
      "Every target had its `max_connections`, and none became free within `queue_timeout`.",
      "File descriptors ran out, and the app had more than its share.",
    ],
    remedies: [
      "`tcpproxy sessions --client ADDR` shows who holds the connections; many idle ones call for a shorter " +
      "`idle_timeout`.",
      "For targets: raise `max_connections` up to what they bear, raise `queue_timeout`, or add targets.",
      "For descriptors: raise the limit (`ulimit -n`, `LimitNOFILE=`).",
    ],
    fields: {
      client: "whose connection it was",
      detail: "which of the limits it was",
    },
    metrics: ["tcpproxy_queue_seconds", "tcpproxy_target_connections_active", "tcpproxy_connections_limit"],
  },
  ["rate_limit"]: {
    means: "The client opened connections faster than `accept_rate_per_client` allows.",
    endedBy: "the proxy, before any target was dialed",
    causes: [
      "A client that reconnects in a loop, because something ends its connections: look at the reasons before.",
      "Somebody guesses passwords, or scans.",
      "Many clients behind one address (NAT), or a load balancer whose address is taken for the client's.",
    ],
    remedies: [
      "Look at the same client's other lines in the access log.",
      "For clients behind one address raise the rate; behind a load balancer accept PROXY headers.",
    ],
    fields: { client: "whose rate it was" },
  },
  ["bad_proxy_header"]: {
    means:
      "The connection had to begin with a PROXY header, and did not, or it came from a sender that is not " +
      "believed.",
    endedBy: "the proxy, before any target was dialed",
    causes: [
      "The load balancer in front does not send PROXY headers: its own setting is off.",
      "Its address is missing in `proxy_protocol.from`.",
      "A client came directly, past the load balancer.",
      "A health check of the load balancer that sends no header.",
    ],
    remedies: [
      "The detail says which of these it was.",
      "Switch the header on at the load balancer (HAProxy: `send-proxy-v2`; nginx: `proxy_protocol on`), add its " +
      "address to `from`.",
      "While balancers are switched over one by one, use `accept: optional`.",
      "`tcpproxy probe ADDRESS --proxy-protocol v2` sends a proper one.",
    ],
    fields: { detail: "what was wrong with it", client: "the sender's own address" },
  },
  ["bad_client_hello"]: {
    means:
      "`routes` go by the server name of TLS, and the connection did not begin with a ClientHello that can be read.",
    endedBy: "the proxy, before any target was dialed",
    causes: [
      "A client that speaks plain text (HTTP, SSH) to a port for TLS.",
      "A protocol in which the server speaks first, or that asks for TLS first (`starttls`).",
      "A client that sent nothing for `client_hello_timeout` (default 5s).",
    ],
    remedies: [
      "The detail says what came.",
      "For clients without TLS add a last route without `sni`, which takes them too.",
      "For PostgreSQL, SMTP, IMAP and MySQL set `starttls`.",
    ],
    fields: { detail: "what was wrong with the hello" },
  },
  ["no_route"]: {
    means:
      "No route takes the server name or protocol that the client asked for, and the app has no targets of its own.",
    endedBy: "the proxy, with the TLS alert `unrecognized_name` or `no_application_protocol`",
    causes: [
      "A name that has no route yet, or a typing error in `sni`.",
      "A client that names no server: old ones, scanners, or one that connects by address.",
      "`*.example.com` is thought to take `example.com`; it takes names below it alone.",
    ],
    remedies: [
      "`tcpproxy explain --port PORT --client ADDR --sni NAME` shows what each route says to a name.",
      "Add the name to a route, or give the app `targets` for all that no route takes.",
    ],
    fields: { sni: "the name that was asked for", detail: "what no route takes" },
  },
  ["tls_error"]: {
    means: "A TLS handshake failed: with the client, or with the target. The detail says with whom, and why.",
    endedBy: "the proxy, or the peer of that handshake",
    causes: [
      "A client that does not trust the certificate, or presents none where `client_ca` asks for one.",
      "A certificate that has expired, or does not have the name that was asked for.",
      "A target that is not who `target_tls` expects, or does not speak TLS on that port.",
      "No version or protocol (ALPN) in common.",
    ],
    remedies: [
      "Read the detail.",
      "`tcpproxy check` says whether certificates fit their keys, and when they expire.",
      "`tcpproxy probe ADDRESS --sni NAME` shows a target's certificate and what is wrong with it.",
      "`openssl s_client -connect HOST:PORT -servername NAME` shows the proxy's own.",
    ],
    fields: { detail: "with whom and why", sni: "the name that was asked for" },
    metrics: ["tcpproxy_certificate_expiry_timestamp_seconds"],
  },
} as const satisfies Record<string, ReasonPage>;
