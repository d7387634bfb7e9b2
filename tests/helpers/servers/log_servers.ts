/** Servers that keep what is logged to them. */
import { Arrivals } from "../arrivals.ts";
import { TemporaryFolder } from "../temporary_folder.ts";

/** A receiver of datagrams, over UDP or at a unix socket. */
export class DatagramServer implements AsyncDisposable {
  readonly messages: string[] = [];
  readonly #socket: Deno.DatagramConn;
  readonly #receiving: Promise<void>;
  readonly #arrivals = new Arrivals();

  private constructor(socket: Deno.DatagramConn) {
    this.#socket = socket;
    this.#receiving = this.#receive();
  }

  static udp(hostname = "127.0.0.1", port = 0): DatagramServer {
    return new DatagramServer(Deno.listenDatagram({ transport: "udp", hostname, port }));
  }

  static unix(path: string): DatagramServer {
    return new DatagramServer(Deno.listenDatagram({ transport: "unixpacket", path }));
  }

  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Resolves with the first message with this text, when it has arrived. */
  received(text: string): Promise<string> {
    return this.#arrivals.find(
      () => this.messages.find((message) => message.includes(text)),
      () => this.messages,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#receiving;
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(70_000);
    try {
      for (;;) {
        const [bytes] = await this.#socket.receive(buffer);
        this.messages.push(new TextDecoder().decode(bytes));
        this.#arrivals.tell();
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  }
}

/** A syslog server over TCP that reads frames with octet counting. */
export class StreamServer implements AsyncDisposable {
  readonly messages: string[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.Conn>();
  readonly #reading: Promise<void>[] = [];
  readonly #accepting: Promise<void>;
  readonly #arrivals = new Arrivals();

  constructor(port = 0) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  received(text: string): Promise<string> {
    return this.#arrivals.find(
      () => this.messages.find((message) => message.includes(text)),
      () => this.messages,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) connection.close();
    await Promise.all(this.#reading);
  }

  async #accept(): Promise<void> {
    try {
      for (;;) {
        const connection = await this.#listener.accept();
        this.#connections.add(connection);
        this.#reading.push(this.#read(connection));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  }

  async #read(connection: Deno.Conn): Promise<void> {
    let pending = new Uint8Array(0);
    const buffer = new Uint8Array(65_536);
    try {
      for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
        const joined = new Uint8Array(pending.length + count);
        joined.set(pending);
        joined.set(buffer.subarray(0, count), pending.length);
        const { messages, rest } = unframe(joined);
        pending = rest;
        this.messages.push(...messages);
        this.#arrivals.tell();
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
    if (this.#connections.delete(connection)) closeQuietly(connection);
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Takes whole frames (`LENGTH SP MESSAGE`, RFC 6587) from bytes. */
export function unframe(
  bytes: Uint8Array<ArrayBuffer>,
): { messages: string[]; rest: Uint8Array<ArrayBuffer> } {
  const messages: string[] = [];
  let at = 0;
  for (;;) {
    const space = bytes.indexOf(0x20, at);
    if (space < 0) break;
    const digits = new TextDecoder().decode(bytes.subarray(at, space));
    if (!/^[1-9]\d*$/.test(digits)) throw new Error(`unframe: "${digits}" is no length`);
    const end = space + 1 + Number(digits);
    if (end > bytes.length) break;
    messages.push(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(space + 1, end)));
    at = end;
  }
  return { messages, rest: bytes.slice(at) };
}

/** A running rsyslogd that writes what it receives to a file, as it has understood it. */
export interface Rsyslogd extends AsyncDisposable {
  readonly port: number;
  readonly socket: string;
  /** Resolves with the line that has this text, when there is one. */
  line(text: string): Promise<string>;
}

/** Starts an rsyslogd for UDP and TCP at one port of loopback, and at a unix socket. */
export async function startRsyslogd(port: number): Promise<Rsyslogd> {
  const folder = new TemporaryFolder();
  const [out, socket] = [folder.file("out"), folder.file("log.sock")];
  const config = await folder.write(
    "rsyslog.conf",
    `global(workDirectory="${folder.path}")
module(load="imudp")
module(load="imptcp")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}")
input(type="imudp" address="127.0.0.1" port="${port}")
input(type="imptcp" address="127.0.0.1" port="${port}")
template(name="understood" type="string" string="pri=%PRI% version=%PROTOCOL-VERSION% app=%APP-NAME% pid=%PROCID% id=%MSGID% msg=%msg%\\n")
*.* action(type="omfile" file="${out}" template="understood" asyncWriting="off" flushOnTXEnd="on")
`,
  );
  const child = new Deno.Command("/usr/sbin/rsyslogd", {
    args: ["-n", "-f", config, "-i", folder.file("pid")],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const line = async (text: string): Promise<string> => {
    for (let attempt = 0;; attempt++) {
      const lines = (await readIfThere(out)).split("\n");
      const found = lines.find((each) => each.includes(text));
      if (found !== undefined) return found;
      if (attempt === 750) throw new Error(`rsyslogd: no "${text}" in\n${lines.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await untilItListens({ port, socket, isHeard: async (text) => (await readIfThere(out)).includes(text) });
  return {
    port,
    socket,
    line,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.status;
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** It gives no sign of its own, and a datagram that comes too early is lost. */
async function untilItListens(
  { port, socket, isHeard }: { port: number; socket: string; isHeard: (text: string) => Promise<boolean> },
): Promise<void> {
  using udp = closing(Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }));
  const probe = new TextEncoder().encode("<14>1 - - probe - - - over UDP");
  for (let attempt = 0; attempt < 750; attempt++) {
    await udp.socket.send(probe, { transport: "udp", hostname: "127.0.0.1", port });
    if (await isThere(socket) && await isHeard("app=probe") && await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("rsyslogd: it never listened");
}

function closing(socket: Deno.DatagramConn): Disposable & { readonly socket: Deno.DatagramConn } {
  return { socket, [Symbol.dispose]: () => socket.close() };
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
