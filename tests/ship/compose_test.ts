import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import manifest from "../../deno.json" with { type: "json" };
import { echo as echoCommand } from "../../lib/cli/commands/echo.ts";
import { runCli } from "../../lib/cli/mod.ts";
import { loadConfig } from "../../lib/config/mod.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";

const FOLDER = new URL("../../deploy/compose/", import.meta.url);
const CONFIG = fileURLToPath(new URL("config/config.yaml", FOLDER));

/** The part of the Compose Specification that is used; strict, so that a misspelt key is refused. */
const service = z.strictObject({
  image: z.literal(`tcpproxy:${manifest.version}`),
  command: z.array(z.string()).optional(),
  ports: z.array(z.string().regex(/^\d+:\d+$/)).optional(),
  volumes: z.array(z.string().regex(/^\.\/[\w./]+:\/[\w./]+:ro$/)).optional(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal("ALL")]),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  stop_grace_period: z.string().optional(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]).optional(),
  depends_on: z.array(z.string()).optional(),
  deploy: z.strictObject({ replicas: z.int().min(1) }).optional(),
  healthcheck: z.strictObject({ disable: z.literal(true) }).optional(),
});

const { services } = z.strictObject({
  services: z.strictObject({ proxy: service, echo: service }),
}).parse(parse(Deno.readTextFileSync(new URL("compose.yaml", FOLDER))));

Deno.test("deploy/compose: the config is valid, and mounted where the image reads it", async () => {
  const io = new CapturedIo();
  assertEquals([await runCli(["check", "--quiet", "-c", CONFIG], io), io.printed], [0, ""]);
  assertEquals(services.proxy.volumes, ["./config:/etc/tcpproxy:ro"]);
});

Deno.test("deploy/compose: ports, targets and times are those of the config", async () => {
  const { apps: [app], admin, shutdown } = await loadConfig(CONFIG);
  assertEquals(services.proxy.ports, app?.ports.map((port) => `${port}:${port}`));
  // The health check of the image asks this address.
  assertEquals(admin?.listen, { kind: "tcp", host: "127.0.0.1", port: 9900 });
  const [command, ...words] = services.echo.command ?? [];
  assertEquals(command, echoCommand.name);
  assertEquals(app?.targets.map(({ label }) => label), [`echo:${words.at(-1)}`]);
  assert(Number.parseInt(services.proxy.stop_grace_period ?? "") * 1000 > shutdown.drainTimeoutMs);
});
