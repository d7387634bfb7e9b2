import type { Draw } from "../engine/draw.ts";

/** An IPv4 address as text, rarely a wrong one. */
export function ipv4Text(draw: Draw): string {
  if (draw.once(12)) {
    return draw.pick(["1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4.5", "", "1.2.3.", "0x1.2.3.4"]);
  }
  return Array.from({ length: 4 }, () => draw.edge(8)).join(".");
}

/** An IPv6 address as text in one of its many forms, rarely a wrong one. */
export function ipv6Text(draw: Draw): string {
  if (draw.once(4)) {
    return draw.pick([
      "::",
      "::1",
      "2001:db8::1",
      "::ffff:192.0.2.1",
      "1::2::3",
      ":::",
      "12345::",
      "fe80::1%eth0",
      "1:2:3:4:5:6:7:8:9",
      "2001:DB8::",
      "::ffff:c000:201",
      "1:2:3:4:5:6:7::",
      "::1.2.3",
    ]);
  }
  const groups = Array.from({ length: 8 }, () => draw.edge(16).toString(16));
  if (draw.once(2)) groups.splice(draw.below(7), 2, "");
  const text = groups.join(":").replace(/^:/, "::").replace(/:$/, "::");
  return draw.once(3) ? text.toUpperCase() : text;
}

/** A port as text, rarely a wrong one. */
export function portText(draw: Draw): string {
  return draw.once(10)
    ? draw.pick(["65536", "00", "080", "-1", "", "+1", "99999", "1e3", "١"])
    : String(draw.edge(16));
}
