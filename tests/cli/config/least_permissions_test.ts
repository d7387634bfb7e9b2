import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/cli/command.ts";
import { leastPermissions, permissionFlags } from "../../../lib/cli/config/least_permissions.ts";
import type { Address } from "../../../lib/base/mod.ts";
import { nameservers } from "../../../lib/cli/config/system_dns.ts";
import { resolveConfig } from "../../../lib/config/mod.ts";
import { resolveListenNames } from "../../../lib/proxy/mod.ts";

function leastOf(
  app: Record<string, unknown>,
  log: Record<string, unknown> = {},
): ReturnType<typeof leastPermissions> {
  return leastPermissions(
    resolveConfig({ log, apps: [{ name: "a", ...app }] }, { source: "test" }),
    { configFile: "c.yaml", systemDns: ["192.0.2.53:53", "[2001:db8::53]:53"], folder: "/etc/tcpproxy" },
  );
}

Deno.test("leastPermissions: what is listened on and dialed, each once, and the config file", () => {
  assertEquals(
    leastOf({ ports: [1001], listen: ["127.0.0.1:1002"], targets: ["[::1]:80", "h:80", "h:80"] }),
    {
      net: ["[::]:1001", "127.0.0.1:1002", "[::1]:80", "h:80"],
      read: ["c.yaml"],
      write: [],
      env: [],
      ffi: false,
    },
  );
});

Deno.test("leastPermissions: a config in the program needs no file", () => {
  const config = resolveConfig({ apps: [{ name: "a", ports: [1], targets: ["h:1"] }] }, { source: "test" });
  assertEquals(leastPermissions(config).read, []);
});

Deno.test("leastPermissions: a target on the client's port is dialed at every port that is listened on", () => {
  const config = resolveConfig({
    apps: [{ name: "a", host: "127.0.0.1", ports: ["1001-1002"], targets: ["h:*"] }],
  }, { source: "test" });
  // Its clients come to no port; a config that is read cannot say so.
  const listen: Address = { kind: "unix", path: "/s" };
  const { net } = leastPermissions({
    ...config,
    apps: config.apps.map((app) => ({ ...app, listen: [...app.listen, listen] })),
  });
  assertEquals(net, ["127.0.0.1:1001", "127.0.0.1:1002", "unix:/s", "h:1001", "h:1002"]);
});

Deno.test("leastPermissions: a unix socket is a network address and a file that is read and written", () => {
  assertEquals(leastOf({ listen: ["unix:/l.sock"], targets: ["unix:/t.sock"] }), {
    net: ["unix:/l.sock", "unix:/t.sock"],
    read: ["c.yaml", "/l.sock", "/t.sock"],
    write: ["/l.sock", "/t.sock"],
    env: [],
    ffi: false,
  });
});

Deno.test("leastPermissions: an access log in a file is written, one on stdout is not", () => {
  const app = { ports: [1], targets: ["h:1"] };
  assertEquals(leastOf(app, { access: "/var/log/a.log" }).write, ["/var/log/a.log"]);
  assertEquals(leastOf(app, { access: true }).write, []);
});

Deno.test("leastPermissions: routes' targets are dialed too", () => {
  const { net } = leastOf({
    ports: [1],
    routes: [{ sni: ["x.example"], targets: ["r:2"] }],
    targets: ["h:1"],
  });
  assertEquals(net, ["[::]:1", "h:1", "r:2"]);
});

Deno.test("leastPermissions: a health check's own port is dialed too", () => {
  const { net } = leastOf({ ports: [1], targets: ["h:2"], health_check: { port: 8008 } });
  assertEquals(net, ["[::]:1", "h:2", "h:8008"]);
  const own = leastOf({ ports: [1], targets: ["h:2", { address: "i:3", ["health_check"]: { port: 9 } }] });
  assertEquals(own.net, ["[::]:1", "h:2", "i:3", "i:9"]);
});

Deno.test("leastPermissions: discovery asks a resolver and dials what it answers, at the port that is known", () => {
  const targets = [{ address: "db.internal:5432", discover: "dns" }];
  assertEquals(leastOf({ ports: [1], targets }).net, [
    "[::]:1",
    "db.internal:5432",
    "192.0.2.53:53",
    "[2001:db8::53]:53",
    ":5432",
  ]);
  const dns = { nameserver: "10.0.0.2:53" };
  assertEquals(leastOf({ ports: [1], targets, dns }).net, [
    "[::]:1",
    "db.internal:5432",
    "10.0.0.2:53",
    ":5432",
  ]);
});

Deno.test("leastPermissions: SRV records bring ports of their own, so that no list is enough", () => {
  const least = leastOf({ ports: [1], targets: [{ address: "_pg._tcp.internal", discover: "srv" }] });
  assertEquals(least.net, true);
  assertEquals(permissionFlags(least), ["--allow-net", "--allow-read=c.yaml"]);
});

Deno.test("leastPermissions: the native engine calls the C library, and loads the program in a worker", () => {
  const app = { name: "a", ports: [1], targets: ["h:1"] };
  const config = resolveConfig({ engine: "native", apps: [app] }, { source: "test" });
  const { ffi, read } = leastPermissions(config);
  assertEquals([ffi, read.length], [true, 2]);
  assertEquals(permissionFlags({ net: [], read: [], write: [], env: [], ffi }), ["--allow-ffi"]);
});

Deno.test("permissionFlags: values stand behind each other, what is not needed is left out", () => {
  assertEquals(
    permissionFlags({ net: ["h:1", "[::]:2"], read: ["/a", "b"], write: [], env: [], ffi: false }),
    [
      "--allow-net=h:1,[::]:2",
      "--allow-read=/a,b",
    ],
  );
});

Deno.test("permissionFlags: a path that no flag, or no shell, would keep whole is refused", () => {
  const refused = (path: string): string =>
    assertThrows(() => permissionFlags({ net: [], read: [path], write: [], env: [], ffi: false }), UsageError)
      .message;
  assertEquals(
    refused("/a,b/c.pem"),
    'permissions: the path "/a,b/c.pem" has a comma, where the runtime parts a list; use one without it',
  );
  assertEquals(
    refused("/a b/c.pem"),
    'permissions: the path "/a b/c.pem" has a space, where a shell parts what $(…) gives; use one without it',
  );
});

Deno.test("leastPermissions: a unix socket is a network address by its whole path, as the runtime wants it", () => {
  assertEquals(leastOf({ listen: ["unix:./l.sock"], targets: ["unix:run/../t.sock"] }), {
    net: ["unix:/etc/tcpproxy/l.sock", "unix:/etc/tcpproxy/t.sock"],
    read: ["c.yaml", "/etc/tcpproxy/l.sock", "/etc/tcpproxy/t.sock"],
    write: ["/etc/tcpproxy/l.sock", "/etc/tcpproxy/t.sock"],
    env: [],
    ffi: false,
  });
});

Deno.test("nameservers: those of resolv.conf, any IPv4 address where it names none that can be said", () => {
  assertEquals(
    nameservers(
      "# a\nnameserver 192.0.2.53\n search x\n\tnameserver  2001:DB8:0::53 # b\nnameserver 192.0.2.53\n",
    ),
    ["192.0.2.53:53", "[2001:db8::53]:53"],
  );
  for (const text of ["", "search x\n", "nameserver fe80::1%eth0\n", "nameserver\n", undefined]) {
    assertEquals(nameservers(text), ["0.0.0.0/0:53"]);
  }
});

Deno.test("leastPermissions: several threads load the program from its files, one thread does not", () => {
  const read = (workers: number): readonly string[] => {
    const apps = [{ name: "a", ports: [1], targets: ["h:1"] }];
    return leastPermissions(resolveConfig({ workers, apps }, { source: "test" })).read;
  };
  assertEquals(read(1), []);
  assertEquals(
    read(2),
    ["../../../lib", "../../../config.yaml"].map((path) => new URL(path, import.meta.url).pathname),
  );
});

Deno.test("leastPermissions: the admin API listens too, and its token is read", () => {
  const apps = [{ name: "a", listen: ["127.0.0.1:1"], targets: ["h:1"] }];
  const least = (admin: unknown): ReturnType<typeof leastPermissions> =>
    leastPermissions(resolveConfig({ admin, apps }, { source: "test" }));
  assertEquals(least("off").net, ["127.0.0.1:1", "h:1"]);
  const both = least({ listen: "0.0.0.0:9900", token_file: "/run/token" });
  assertEquals([both.net, both.read], [["127.0.0.1:1", "h:1", "0.0.0.0:9900"], ["/run/token"]]);
});

Deno.test("leastPermissions: a name that is listened on may be looked up, and its addresses bound", async () => {
  const config = resolveConfig({
    admin: { listen: "name.test:9900", token_file: "/t" },
    apps: [{ name: "a", listen: ["name.test:1001", "127.0.0.1:1002"], targets: ["h:80"] }],
  }, { source: "test" });
  const named = await resolveListenNames(config, {
    lookUp: () => Promise.resolve(["127.0.0.1", "::1"]),
    isMissing: () => false,
  });
  assertEquals(leastPermissions(config, { named }).net, [
    "name.test",
    "127.0.0.1:1001",
    "[::1]:1001",
    "127.0.0.1:1002",
    "h:80",
    "127.0.0.1:9900",
    "[::1]:9900",
  ]);
});

Deno.test("leastPermissions: a log server is sent to, from a socket of the program's own", () => {
  const app = { listen: ["127.0.0.1:1"], targets: ["127.0.0.1:2"] };
  const apps = ["127.0.0.1:1", "127.0.0.1:2"];
  const [read, own] = [["c.yaml", "/etc/hostname"], "/tmp/tcpproxy-datagram.sock"];
  const logTo = (access: unknown): ReturnType<typeof leastPermissions> => leastOf(app, { access });
  assertEquals(logTo({ syslog: "tcp://logs:601" }), {
    net: [...apps, "logs:601"],
    read,
    write: [],
    env: [],
    ffi: false,
  });
  assertEquals(logTo({ syslog: "udp://[::1]:514" }), {
    net: [...apps, "[::1]:514", "[::]:0"],
    read,
    write: [],
    env: [],
    ffi: false,
  });
  assertEquals(logTo({ syslog: "udp://logs:514" }), {
    net: [...apps, "logs:514", "logs", ":514", "0.0.0.0:0", "[::]:0"],
    read,
    write: [],
    env: [],
    ffi: false,
  });
  assertEquals(logTo({ journal: "/j" }), {
    net: [...apps, "unix:/j", `unix:${own}`],
    read: ["c.yaml", "/j", own],
    write: ["/j", own],
    env: [],
    ffi: false,
  });
  assertEquals(
    leastOf(app, { destination: { syslog: "local" } }).write,
    ["/run/systemd/journal/dev-log", own],
  );
});

Deno.test("leastPermissions: a file's folder and an endpoint are read, and targets are anywhere or within networks", () => {
  const file = { address: "lists/t.json", discover: "file" };
  const http = { address: "https://inventory/targets", discover: "http" };
  assertEquals(leastOf({ ports: [1], targets: [file] }), {
    net: true,
    read: ["c.yaml", "lists"],
    write: [],
    env: [],
    ffi: false,
  });
  assertEquals(
    leastOf({
      ports: [1],
      targets: [file, http, { address: "http://[::1]:8500/x", discover: "http" }, "h:2"],
      discovery: { within: ["10.0.0.0/8", "192.0.2.1"], ca: "ca.pem", token_file: "t" },
    }),
    {
      net: ["[::]:1", "h:2", "inventory:443", "[::1]:8500", "10.0.0.0/8", "192.0.2.1"],
      read: ["c.yaml", "lists", "ca.pem", "t"],
      write: [],
      env: [],
      ffi: false,
    },
  );
  assertEquals(leastOf({ ports: [1], targets: [file], discovery: { within: ["fd00::/8"] } }).net, true);
});
