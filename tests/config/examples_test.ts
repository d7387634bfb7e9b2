/**
 * Every example loads, and says of itself what it is about. The certificates that some name need not exist for that.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { effectiveConfig, loadConfig, resolveConfig } from "../../lib/config/mod.ts";

const FOLDER = new URL("../../examples/", import.meta.url);
const NAMES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith(".yaml"));

Deno.test("examples: there is one for each use", () => {
  assertEquals(NAMES.sort(), [
    "behind-proxy-protocol.yaml",
    "chaos.yaml",
    "consul.yaml",
    "dns-discovery.yaml",
    "kubernetes.yaml",
    "mail-tls.yaml",
    "mutual-tls.yaml",
    "mysql-tls.yaml",
    "original.yaml",
    "postgres-tls.yaml",
    "postgres.yaml",
    "redis.yaml",
    "sockets.yaml",
    "ssh-bastion.yaml",
    "tls-sni.yaml",
  ]);
});

for (const name of NAMES) {
  Deno.test(`examples: ${name} loads, explains itself and says nothing that its effective form does not`, async () => {
    const path = new URL(name, FOLDER);
    assert(Deno.readTextFileSync(path).startsWith("# "));
    const config = await loadConfig(fileURLToPath(path));
    assert(config.apps.length > 0);
    assertEquals(resolveConfig(effectiveConfig(config), { source: name }), config);
  });
}
