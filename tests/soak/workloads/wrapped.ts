/** Clients whose data has something before or around it. */
import { writeAll } from "../../helpers/clients.ts";
import { buildProxyV2 } from "../../helpers/protocol/proxy_v2.ts";
import { connectTls } from "../../helpers/tls/tls_client.ts";
import { exactly } from "../servers.ts";
import { SoakError } from "../visit.ts";
import { both } from "./streams.ts";
import type { Workload } from "./workload.ts";

/** TLS, which the proxy ends; the certificate is verified. */
export const tls: Workload = {
  name: "TLS",
  app: "tls",
  weight: 5,
  visit: async (site, visit): Promise<void> => {
    const length = visit.between(1, 100_000);
    visit.connections++;
    const { conn } = await connectTls(site.port("tls"), { ca: site.lab.ca.cert });
    visit.own(conn);
    await both(visit.send(conn, 7, length), visit.receive(conn, 7, length));
  },
};

/** A PROXY v2 header from one load balancer, and another to the target, which must name the same client. */
export const proxyHeader: Workload = {
  name: "PROXY v2",
  app: "proxied",
  weight: 6,
  visit: async (site, visit): Promise<void> => {
    const length = visit.between(1, 20_000);
    const block = Uint8Array.from({ length: 12 }, () => visit.between(1, 250));
    const conn = await visit.connect(site.port("proxied"));
    await writeAll(conn, buildProxyV2({ block }));
    await visit.send(conn, length, length);
    await conn.closeWrite();
    const reported = await exactly(conn, 6);
    const expected = [...block.subarray(0, 4), ...block.subarray(8, 10)];
    if (reported.join() !== expected.join()) {
      throw new SoakError(`PROXY v2: the target got ${reported.join()}; expected ${expected.join()}`);
    }
    await visit.receive(conn, length, length);
    await visit.receiveEnd(conn);
  },
};
