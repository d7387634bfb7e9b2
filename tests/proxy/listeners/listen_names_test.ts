import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { formatAddress } from "../../../lib/base/mod.ts";
import type { Config } from "../../../lib/config/mod.ts";
import { ResolveError } from "../../../lib/dial/mod.ts";
import { type NamedListeners, Proxy, resolveListenNames, StartError } from "../../../lib/proxy/mod.ts";
import { resolveConfig } from "../../../lib/config/mod.ts";
import { chooseListener } from "../../../lib/proxy/explain/listener_choice.ts";
import { configOf, ProxyLog } from "../../helpers/proxy/proxy.ts";

const HOSTS: Record<string, readonly string[]> = {
  both: ["127.0.0.1", "::1"],
  four: ["192.0.2.1"],
  none: [],
};

function named(root: Record<string, unknown>, missing: readonly string[] = []): Promise<NamedListeners> {
  return resolveListenNames(resolveConfig(root, { source: "test" }), {
    lookUp: (name) => Promise.resolve(HOSTS[name] ?? []),
    isMissing: ({ host }) => missing.includes(host),
  });
}

function listensOf({ config }: NamedListeners): string[][] {
  return config.apps.map((app) => app.listen.map(formatAddress));
}

Deno.test("resolveListenNames: a name is every address that it has, on each port and in the admin API", async () => {
  const result = await named({
    admin: { listen: "both:9900", token_file: "/t" },
    apps: [
      { name: "a", host: "both", ports: ["7001-7002"], listen: ["10.0.0.1:7001"], targets: ["t:1"] },
      { name: "b", listen: ["four:7001"], targets: ["t:1"] },
    ],
  });
  assertEquals(listensOf(result), [
    ["127.0.0.1:7001", "[::1]:7001", "127.0.0.1:7002", "[::1]:7002", "10.0.0.1:7001"],
    ["192.0.2.1:7001"],
  ]);
  assertEquals(result.admin.map(formatAddress), ["127.0.0.1:9900", "[::1]:9900"]);
  assertEquals(result.names.map(({ name, hosts }) => [name, ...hosts]), [
    ["both", "127.0.0.1", "::1"],
    ["four", "192.0.2.1"],
  ]);
});

Deno.test("resolveListenNames: each name is looked up once, and nothing where there is none", async () => {
  const asked: string[] = [];
  const options = {
    lookUp: (name: string): Promise<string[]> => {
      asked.push(name);
      return Promise.resolve(["127.0.0.1"]);
    },
  };
  const plain = configOf({ apps: [{ ports: [7001], listen: ["127.0.0.1:7003"], targets: ["t:1"] }] });
  assertStrictEquals((await resolveListenNames(plain, options)).config, plain);
  await resolveListenNames(
    resolveConfig({ apps: [{ name: "a", host: "x", ports: ["1-9"], targets: ["t:1"] }] }, { source: "test" }),
    options,
  );
  assertEquals(asked, ["x"]);
});

Deno.test("resolveListenNames: a family that the machine lacks is left out while another remains", async () => {
  const apps = [{ name: "a", listen: ["both:7001"], targets: ["t:1"] }];
  const without = await named({ apps }, ["::1"]);
  assertEquals(listensOf(without), [["127.0.0.1:7001"]]);
  assertEquals(without.names, [{ name: "both", hosts: ["127.0.0.1"], missing: ["::1"], mayLookUp: true }]);
  // Then binding says what is wrong.
  assertEquals(listensOf(await named({ apps }, ["::1", "127.0.0.1"])), [["127.0.0.1:7001", "[::1]:7001"]]);
});

Deno.test("resolveListenNames: what cannot be bound is said with its name and owner", async () => {
  const app = (name: string, listen: string): Record<string, unknown> => ({
    name,
    listen: [listen],
    targets: ["t:1"],
  });
  const refused: [root: Record<string, unknown>, message: string][] = [
    [
      { apps: [app("a", "none:7001")] },
      'start app "a": listen on none:7001: the name "none" has no address; correct it, or add it to /etc/hosts or the DNS',
    ],
    [
      { apps: [app("a", "127.0.0.1:7001"), app("b", "both:7001")] },
      'start app "b": listen on both:7001: it stands for 127.0.0.1:7001, which app "a" listens on by ' +
      "127.0.0.1:7001; remove one of them",
    ],
  ];
  for (const [root, message] of refused) {
    assertEquals((await assertRejects(() => named(root), StartError)).message, message);
  }
});

Deno.test("resolveListenNames: a name that may not be looked up stays, one that cannot be is an error", async () => {
  const config = configOf({ apps: [{ host: "x", ports: [7001], targets: ["t:1"] }] });
  const failing = (code: string): Promise<NamedListeners> =>
    resolveListenNames(config, { lookUp: () => Promise.reject(new ResolveError("resolve: no", { code })) });
  const kept = await failing("EPERM");
  assertEquals(kept.config.apps, config.apps);
  assertEquals(kept.names.map(({ mayLookUp }) => mayLookUp), [false]);
  await assertRejects(
    () => failing("ETIMEDOUT"),
    StartError,
    "resolve: no; give an IP address, or try again",
  );
});

Deno.test("resolveListenNames: the system knows localhost, and clients reach each of its addresses", async () => {
  const config: Config = configOf({ apps: [{ host: "localhost", ports: [7001], targets: ["127.0.0.1:9"] }] });
  const result = await resolveListenNames({
    ...config,
    apps: config.apps.map((app) => ({ ...app, listen: [{ kind: "tcp", host: "localhost", port: 0 }] })),
  });
  const observer = new ProxyLog();
  const proxy = await Proxy.start(result.config, { observer });
  const addresses = proxy.listeners().map(({ address }) => address);
  assert(addresses.length > 0, "nothing is bound");
  for (const address of addresses) {
    if (address.kind !== "tcp") throw new Error("it is not TCP");
    assertEquals(address.name, "localhost");
    using _client = await Deno.connect({ hostname: address.host, port: address.port });
  }
  await proxy.stop();
});

Deno.test("chooseListener: a name leads to its addresses, which are one app's", async () => {
  const { config } = await named({ apps: [{ name: "a", listen: ["both:7001"], targets: ["t:1"] }] });
  const all = config.apps.flatMap((app) => app.listen.map((address) => ({ app: app.name, address })));
  for (const host of ["both", "127.0.0.1", "::1"]) {
    assertEquals(chooseListener(all, { kind: "tcp", host, port: 7001 }).kind, "found");
  }
  assertEquals(chooseListener(all, { kind: "port", port: 7001 }).kind, "found");
  assertEquals(chooseListener(all, { kind: "tcp", host: "other", port: 7001 }).kind, "none");
});
