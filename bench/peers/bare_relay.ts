// The smallest relay that this runtime can be made to run: no balancing, no limits, no log, no errors reported. What it
// cannot do, a proxy on this runtime cannot do either.
// Usage: deno run --allow-net bare_relay.ts '[{"listen":[5000],"targets":["127.0.0.1:80"]}]'

interface Forward {
  readonly listen: readonly number[];
  readonly targets: readonly string[];
}

const BUFFER_BYTES = 4096;

async function pump(from: Deno.Conn, to: Deno.Conn, ended: { count: number }): Promise<void> {
  const buffer = new Uint8Array(BUFFER_BYTES);
  try {
    for (;;) {
      const count = await from.read(buffer);
      if (count === null) break;
      for (let written = 0; written < count;) written += await to.write(buffer.subarray(written, count));
    }
    if (++ended.count === 1) await to.closeWrite();
  } catch {
    ended.count++;
  }
}

async function relay(client: Deno.Conn, hostname: string, port: number): Promise<void> {
  const target = await Deno.connect({ hostname, port }).catch(() => undefined);
  if (target !== undefined) {
    const ended = { count: 0 };
    await Promise.all([pump(client, target, ended), pump(target, client, ended)]);
    target.close();
  }
  client.close();
}

async function accept(listen: number, target: string): Promise<void> {
  const colon = target.lastIndexOf(":");
  const [hostname, port] = [target.slice(0, colon), Number(target.slice(colon + 1))];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: listen, tcpBacklog: 4096 });
  for await (const client of listener) relay(client, hostname, port);
}

for (const { listen, targets } of JSON.parse(Deno.args[0] ?? "[]") as Forward[]) {
  for (const port of listen) accept(port, targets[0] ?? "");
}
