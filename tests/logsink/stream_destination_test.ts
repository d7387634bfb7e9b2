import { assertEquals, assertRejects } from "@std/assert";
import { parseAddress } from "../../lib/base/mod.ts";
import { LogServerError } from "../../lib/logsink/mod.ts";
import { StreamDestination } from "../../lib/logsink/stream_destination.ts";
import type { Connection } from "../../lib/net/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import { ScriptedDuplex } from "../helpers/connections/scripted_duplex.ts";

const SERVER = parseAddress("127.0.0.1:514");

/** A connection to a server that says nothing. */
class Server extends ScriptedDuplex implements Connection {
  readonly local = SERVER;
  readonly peer = SERVER;

  constructor() {
    super([], "silence");
  }
}

/** A connection that the server has reset, as macOS shows it. */
class WithoutOptions extends Server {
  setKeepAlive(): void {
    throw new TypeError("Invalid argument (os error 22)");
  }
}

function destinationTo(connected: Promise<Connection>): StreamDestination {
  return new StreamDestination(SERVER, "syslog", { connect: () => connected });
}

Deno.test("StreamDestination: a connection that takes no option is used as far as it goes", async () => {
  const server = new WithoutOptions();
  const destination = destinationTo(Promise.resolve(server));
  assertEquals(await destination.write(utf8("line\n")), 5);
  await destination.close();
  assertEquals(server.closes, 1);
});

Deno.test("StreamDestination: a connection that is made after the end is closed again", async () => {
  const connected = Promise.withResolvers<Connection>();
  const destination = destinationTo(connected.promise);
  const writing = destination.write(utf8("line\n"));
  await destination.close();
  const server = new Server();
  connected.resolve(server);
  await assertRejects(() => writing, LogServerError);
  assertEquals([server.written, server.closes], [[], 1]);
});
