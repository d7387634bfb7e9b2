import type { TcpAddress } from "../../../lib/base/mod.ts";
import { freePort } from "../free_ports.ts";

/** What a {@link Dnsmasq} answers; whatever else is asked for under `.test` does not exist. */
export interface DnsRecords {
  /** The addresses of names. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** The SRV records of names. */
  readonly services?: Readonly<Record<string, readonly SrvRecord[]>>;
}

export interface SrvRecord {
  /** Empty: the service is not available. */
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** A running dnsmasq on loopback that knows nothing but what the test tells it. */
export class Dnsmasq implements AsyncDisposable {
  readonly nameserver: TcpAddress;
  readonly #hostsFile: string;
  #process: Deno.ChildProcess | undefined;
  #drained: Promise<void> = Promise.resolve();

  constructor(port: number, hostsFile: string) {
    this.nameserver = { kind: "tcp", host: "127.0.0.1", port };
    this.#hostsFile = hostsFile;
  }

  /** Starts one; it listens when this resolves. */
  static async start(records: DnsRecords): Promise<Dnsmasq> {
    const server = new Dnsmasq(freePort(), await Deno.makeTempFile({ prefix: "hosts-" }));
    await server.answer(records);
    return server;
  }

  /** Replies so from now on. It is restarted for that: SRV records are arguments. */
  async answer(records: DnsRecords): Promise<void> {
    await this.fail();
    const lines = Object.entries(records.hosts ?? {}).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}\n`)
    );
    await Deno.writeTextFile(this.#hostsFile, lines.join(""));
    const services = Object.entries(records.services ?? {}).flatMap(([name, services]) =>
      services.map(({ target, port, priority, weight }) =>
        `--srv-host=${name}` + (target === "" ? "" : `,${target},${port},${priority},${weight}`)
      )
    );
    this.#process = new Deno.Command("dnsmasq", {
      args: [
        "--no-daemon",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--local=/test/",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        `--port=${this.nameserver.port}`,
        `--addn-hosts=${this.#hostsFile}`,
        // It would take on another user, who may not read a temporary file.
        ...(Deno.uid() === 0 ? ["--user=root"] : []),
        ...services,
      ],
      env: { PATH: `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/local/sbin` },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    await this.#listening(this.#process);
  }

  /** Ends it, so that nobody answers. */
  async fail(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.kill("SIGTERM");
    await process.status;
    await this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fail();
    await Deno.remove(this.#hostsFile);
  }

  /** Reading the file of hosts is the last thing that it tells of its start; then it listens. */
  async #listening(process: Deno.ChildProcess): Promise<void> {
    const started = Promise.withResolvers<void>();
    this.#drained = (async (): Promise<void> => {
      let log = "";
      for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
        log += text;
        if (/: read .* names?\n/.test(log)) started.resolve();
      }
      started.reject(new Error(`start dnsmasq: it ended, saying "${log}"`));
    })();
    await started.promise;
  }
}
