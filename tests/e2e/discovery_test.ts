import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { utf8 } from "../helpers/bytes.ts";
import { connectTo, exchange, writeAll } from "../helpers/clients.ts";
import { Dnsmasq } from "../helpers/servers/dnsmasq.ts";
import { freePort } from "../helpers/free_ports.ts";
import { program } from "../helpers/programs/program.ts";
import { TestTarget } from "../helpers/targets.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { hasTool } from "../helpers/programs/tools.ts";

const hasDnsmasq = hasTool("dnsmasq");

function example(name: string): string {
  return fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
}

/** A target that says its name when it has been asked. */
function named(name: string): TestTarget {
  return new TestTarget(async (conn) => {
    const buffer = new Uint8Array(100);
    while (await conn.read(buffer) !== null);
    await writeAll(conn, utf8(name));
  });
}

async function answerAt(port: number): Promise<string> {
  using conn = await connectTo(port);
  return new TextDecoder().decode(await exchange(conn, utf8("x")));
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: hasDnsmasq ? name : `${name} (ignored: dnsmasq not found)`, ignore: !hasDnsmasq, fn });
}

test("examples/consul.yaml: follows the SRV records of a service as Consul publishes them", async () => {
  await using a = named("a");
  // As documented for lookups by RFC 2782: the target of each record is the node's name, of which an address is asked.
  const record = ({ port }: TestTarget) => ({
    target: "node1.node.dc1.consul",
    port,
    priority: 1,
    weight: 1,
  });
  await using dns = await Dnsmasq.start({
    hosts: { "node1.node.dc1.consul": ["127.0.0.1"] },
    services: { "_postgres._tcp.service.consul": [record(a)] },
  });
  const port = freePort();
  await using proxy = program(["-c", example("consul.yaml")], {
    environment: { CONSUL_DNS: `127.0.0.1:${dns.nameserver.port}`, POSTGRES_PORT: String(port) },
  });
  await proxy.ready();
  assertEquals(await answerAt(port), "a");
  assertEquals(await proxy.stop(), 0);
});

test("examples/kubernetes.yaml: follows a headless service, and a ConfigMap whose links are turned", async () => {
  await using pod = named("pod");
  await using b = named("b");
  await using c = named("c");
  await using dns = await Dnsmasq.start({
    hosts: { "10-0-0-1.db.default.svc.cluster.local": ["127.0.0.1"] },
    services: {
      "_postgres._tcp.db.default.svc.cluster.local": [
        { target: "10-0-0-1.db.default.svc.cluster.local", port: pod.port, priority: 0, weight: 100 },
      ],
    },
  });
  await using folder = new TemporaryFolder();
  for (const [version, target] of [["..1", b], ["..2", c]] as const) {
    await Deno.mkdir(folder.file(version));
    await folder.write(`${version}/legacy.yaml`, `- targets: ["${target.address}"]\n`);
  }
  await Deno.symlink("..1", folder.file("..data"));
  await Deno.symlink("..data/legacy.yaml", folder.file("legacy.yaml"));
  const [postgres, legacy] = [freePort(), freePort()];
  await using proxy = program(["-c", example("kubernetes.yaml")], {
    environment: {
      POD_NETWORK: "127.0.0.0/8",
      CLUSTER_DNS: `127.0.0.1:${dns.nameserver.port}`,
      POSTGRES_PORT: String(postgres),
      LEGACY_PORT: String(legacy),
      LISTS: folder.path,
    },
  });
  await proxy.ready();
  assertEquals([await answerAt(postgres), await answerAt(legacy)], ["pod", "b"]);
  await Deno.symlink("..2", folder.file("..data_tmp"));
  await Deno.rename(folder.file("..data_tmp"), folder.file("..data"));
  await proxy.waitFor(`target ${b.address} removed`);
  assertEquals(await answerAt(legacy), "c");
  await folder.write("..2/legacy.yaml", "- targets: [x]\n");
  await Deno.symlink("..2", folder.file("..data_tmp"));
  await Deno.rename(folder.file("..data_tmp"), folder.file("..data"));
  await proxy.waitFor("failing, keeping 1 target");
  assertEquals(await answerAt(legacy), "c");
  assertEquals(await proxy.stop(), 0);
});

Deno.test("run: within the permissions that are printed, an endpoint's targets are reached with workers too", async () => {
  await using target = named("a");
  await using folder = new TemporaryFolder();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json([{ targets: [target.address, "192.0.2.1:80"] }]),
  );
  const port = freePort();
  const config = await folder.config({
    workers: Deno.build.os === "linux" ? 2 : 1,
    apps: [{
      name: "a",
      listen: [`127.0.0.1:${port}`],
      targets: [{ address: `http://127.0.0.1:${server.addr.port}/`, discover: "http" }],
      discovery: { within: ["127.0.0.0/8"] },
    }],
  });
  const printed = await printedPermissions(config);
  await using proxy = program(["-c", config], { permissions: printed });
  await proxy.ready();
  await proxy.waitFor("192.0.2.1:80, discovered by");
  assertEquals(await answerAt(port), "a");
  assertEquals(await proxy.stop(), 0);
});

async function printedPermissions(config: string): Promise<string[]> {
  await using permissions = program(["permissions", "-c", config]);
  await permissions.code;
  return permissions.stdout.trim().split(" ");
}
