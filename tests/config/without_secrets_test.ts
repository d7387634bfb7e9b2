import { assertEquals } from "@std/assert";
import { withoutSecrets } from "../../lib/config/mod.ts";

Deno.test("withoutSecrets: leaves out what may be a password or a key, and nothing else", () => {
  const config = {
    name: "web",
    targets: [
      "10.0.0.1:80",
      { address: "https://user:secret@sd.test/targets?key=secret#x", discover: "http" },
      { address: "http://sd.test/targets", discover: "http" },
    ],
    "health_check": {
      send: "AUTH secret",
      expect: "secret",
      expect_not: "secret",
      http: { path: "/a?b=secret" },
    },
    "proxy_protocol": { send: "v2", tlvs: { add: [{ type: "0xe0", value: "secret" }] } },
    tls: { certificates: [{ cert: "a.pem", key: "a.key", key_passphrase_file: "a.pass" }] },
    weight: 3,
    off: null,
  };
  assertEquals(withoutSecrets(config), {
    name: "web",
    targets: [
      "10.0.0.1:80",
      { address: "https://not-shown@sd.test/targets?not-shown", discover: "http" },
      { address: "http://sd.test/targets", discover: "http" },
    ],
    "health_check": {
      send: "(not shown)",
      expect: "(not shown)",
      expect_not: "(not shown)",
      http: { path: "/a?not-shown" },
    },
    "proxy_protocol": { send: "v2", tlvs: { add: [{ type: "0xe0", value: "(not shown)" }] } },
    tls: { certificates: [{ cert: "a.pem", key: "a.key", key_passphrase_file: "a.pass" }] },
    weight: 3,
    off: null,
  });
});
