import { assertEquals, assertStringIncludes } from "@std/assert";
import { TOKEN } from "../../helpers/proxy/admin.ts";
import { connectTo, exchange } from "../../helpers/clients.ts";
import { freePorts } from "../../helpers/free_ports.ts";
import { program } from "../../helpers/programs/program.ts";
import { echo, TestTarget } from "../../helpers/targets.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { until } from "../../helpers/until.ts";

for (const workers of [1, 2]) {
  Deno.test(`metrics: a process with workers: ${workers} tells who has the token what it carries, over a reload`, async () => {
    await using folder = new TemporaryFolder();
    await using target = new TestTarget(echo);
    const [appPort, adminPort] = freePorts();
    const tokenFile = await folder.write("admin.token", `${TOKEN}\n`);
    const root = (options: Record<string, unknown>): Promise<string> =>
      folder.config({
        workers,
        admin: { listen: `127.0.0.1:${adminPort}`, "token_file": tokenFile },
        apps: [{ name: "web", listen: [`127.0.0.1:${appPort}`], targets: [target.address], ...options }],
      });
    await using proxy = program(["-c", await root({})]);
    await proxy.ready();
    const ask = async (headers: Record<string, string>): Promise<[number, string]> => {
      const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`, { headers });
      return [response.status, await response.text()];
    };
    const metrics = async (): Promise<string> => {
      const [status, text] = await ask({ authorization: `Bearer ${TOKEN}` });
      assertEquals(status, 200);
      return text;
    };
    const connect = async (): Promise<void> => {
      using client = await connectTo(appPort);
      await exchange(client, new Uint8Array(1000));
    };
    assertEquals((await ask({}))[0], 401);
    await connect();
    await root({ "connect_timeout": "4s" });
    proxy.signal("SIGHUP");
    await until(async () =>
      (await metrics()).includes('tcpproxy_config_reloads_total{result="succeeded"} 1')
    );
    await connect();
    await until(async () => (await metrics()).includes('{app="web",reason="client_closed"} 2'));
    const text = await metrics();
    for (
      const line of [
        'tcpproxy_connections_accepted_total{app="web"} 2',
        'tcpproxy_connections_active{app="web"} 0',
        'tcpproxy_bytes_total{app="web",direction="up"} 2000',
        'tcpproxy_bytes_total{app="web",direction="down"} 2000',
        `tcpproxy_dials_total{app="web",target="${target.address}",result="connected"} 2`,
        `tcpproxy_workers ${workers}`,
      ]
    ) assertStringIncludes(text, `\n${line}\n`);
    assertEquals(await proxy.stop(), 0);
  });
}
