import { freePort } from "../helpers/free_ports.ts";
import { echo, TestTarget } from "../helpers/targets.ts";

/** The targets of one round: echo servers that can be taken away and brought back. */
export class Targets implements AsyncDisposable {
  readonly addresses: readonly string[];
  /** A port for one more, where nothing listens. */
  readonly sparePort: number = freePort();
  readonly #hosts: readonly string[];
  readonly #ports: readonly number[];
  readonly #up: (TestTarget | undefined)[];

  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    this.#ports = hosts.map(() => freePort());
    this.#up = hosts.map((hostname, index) => new TestTarget(echo, { hostname, port: this.port(index) }));
    this.addresses = hosts.map((host, index) => `${host}:${this.port(index)}`);
  }

  get count(): number {
    return this.#hosts.length;
  }

  port(index: number): number {
    return this.#ports[index] ?? 0;
  }

  /** Closes its listener and its connections. */
  async down(index: number): Promise<void> {
    const target = this.#up[index];
    this.#up[index] = undefined;
    await target?.[Symbol.asyncDispose]();
  }

  up(index: number): void {
    const hostname = this.#hosts[index] ?? "127.0.0.1";
    this.#up[index] ??= new TestTarget(echo, { hostname, port: this.port(index) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let index = 0; index < this.count; index++) await this.down(index);
  }
}
