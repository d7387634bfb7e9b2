// The TCP proxy that one writes in Node.js in five minutes: `client.pipe(target)` and back.
// Usage: node node_pipe.mjs '[{"listen":[5000],"targets":["127.0.0.1:80"]}]'
import net from "node:net";
import process from "node:process";

for (const { listen, targets } of JSON.parse(process.argv[2])) {
  const addresses = targets.map((target) => {
    const colon = target.lastIndexOf(":");
    return { host: target.slice(0, colon), port: Number(target.slice(colon + 1)) };
  });
  for (const port of listen) {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const address = addresses[Math.floor(Math.random() * addresses.length)];
      const target = net.connect({ ...address, allowHalfOpen: true, noDelay: true });
      client.on("error", () => target.destroy());
      target.on("error", () => client.destroy());
      client.pipe(target).pipe(client);
    });
    server.listen({ host: "127.0.0.1", port, backlog: 4096 });
  }
}
