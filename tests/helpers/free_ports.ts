/**
 * Ports for programs that need a number; what listens in the test itself asks for port 0.
 *
 * @module
 */

/** Below the ports that the kernel gives out by itself (Linux 32768, others 49152): only a test can take one. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;
const BLOCK_SIZE = 100;

/** A port that nobody listens on at this moment, nor is given another one of this file of tests for long. */
export function freePort(): number {
  return ports.next();
}

/** Three of {@link freePort}, all different. */
export function freePorts(): [number, number, number] {
  return [freePort(), freePort(), freePort()];
}

/**
 * The ports of one file of tests. Files run side by side, in threads and in processes that know nothing of each other;
 * what they do share is the kernel, so a block is taken by binding its first port, for UDP and as long as the file runs.
 */
class PortBlock {
  readonly #claim: Deno.DatagramConn;
  readonly #firstPort: number;
  #next = 0;

  constructor() {
    this.#claim = claimBlock();
    this.#firstPort = (this.#claim.addr as Deno.NetAddr).port + 1;
  }

  /** The one that was given out longest ago. */
  next(): number {
    for (let tries = 1; tries < BLOCK_SIZE; tries++) {
      const port = this.#firstPort + this.#next++ % (BLOCK_SIZE - 1);
      if (isFree(port)) return port;
    }
    throw new Error(
      `free port: all from ${this.#firstPort} on are taken; end the programs that listen there`,
    );
  }
}

function claimBlock(): Deno.DatagramConn {
  const blocks = (LAST_PORT - FIRST_PORT) / BLOCK_SIZE;
  const start = Math.floor(Math.random() * blocks);
  for (let index = 0; index < blocks; index++) {
    const port = FIRST_PORT + (start + index) % blocks * BLOCK_SIZE;
    try {
      return Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("free port: every block of ports is taken; end other test runs");
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

// At import, so that no test is held to have left it open.
const ports = new PortBlock();
