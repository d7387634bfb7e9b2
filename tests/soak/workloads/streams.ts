/** Clients of plain TCP. */
import { writeAll } from "../../helpers/clients.ts";
import { request } from "../servers.ts";
import type { Visit } from "../visit.ts";
import type { Workload } from "./workload.ts";

/** Where in the stream the next upload begins: no two have the same position, which distinguishes them. */
let uploads = 0;

/** Connect, some bytes, both FINs: most connections are like that. */
export const short: Workload = {
  name: "short request",
  app: "echo",
  weight: 30,
  timed: "proxied",
  visit: (site, visit) => exchangeShort(site.port("echo"), visit),
};

/** The same without the proxy: how slow the machine itself is. */
export const direct: Workload = {
  name: "short request, no proxy",
  app: "echo",
  weight: 15,
  timed: "direct",
  visit: async (site, visit): Promise<void> => {
    await exchangeShort(site.directPort, visit);
    visit.connections = 0;
  },
};

async function exchangeShort(port: number, visit: Visit): Promise<void> {
  const length = visit.between(1, 4000);
  const conn = await visit.connect(port);
  await visit.send(conn, length, length);
  await visit.receive(conn, length, length);
  visit.answeredAtMs = performance.now();
  await conn.closeWrite();
  await visit.receiveEnd(conn);
}

/** Megabytes, both ways at the same time. */
export const bulk: Workload = {
  name: "bulk, both ways",
  app: "echo",
  weight: 2,
  visit: async (site, visit): Promise<void> => {
    const length = visit.between(1_000_000, 12_000_000);
    const conn = await visit.connect(site.port("echo"));
    await both(
      visit.send(conn, length, length).then(() => conn.closeWrite()),
      visit.receive(conn, length, length).then(() => visit.receiveEnd(conn)),
    );
  },
};

/** The client's FIN first; then the reply. */
export const halfCloseByClient: Workload = {
  name: "half-close by the client",
  app: "download",
  weight: 6,
  visit: async (site, visit): Promise<void> => {
    await fetchPart(site.port("download"), visit, visit.between(0, 200_000), 0);
  },
};

/** Reads so slowly that the target has to wait. */
export const slowReader: Workload = {
  name: "slow reader",
  app: "download",
  weight: 1,
  visit: async (site, visit): Promise<void> => {
    await fetchPart(site.port("download"), visit, visit.between(2_000_000, 10_000_000), visit.between(5, 40));
  },
};

/** The target's FIN first; then the client's data. */
export const halfCloseByTarget: Workload = {
  name: "half-close by the target",
  app: "upload",
  weight: 6,
  visit: async (site, visit): Promise<void> => {
    const from = uploads++;
    const length = visit.between(0, 200_000);
    const arrival = site.uploads.arrival(from);
    try {
      const conn = await visit.connect(site.port("upload"));
      await visit.receiveEnd(conn);
      await writeAll(conn, request(from, length));
      await visit.send(conn, from, length);
      await conn.closeWrite();
      await arrival;
      visit.verified += length;
    } catch (error) {
      site.uploads.forget(from);
      arrival.catch(() => {});
      throw error;
    }
  },
};

/** Says something, is silent for long, and says something again. */
export const held: Workload = {
  name: "held open",
  app: "echo",
  weight: 2,
  visit: async (site, visit): Promise<void> => {
    const conn = await visit.connect(site.port("echo"));
    for (let round = 0; round < 2; round++) {
      await visit.send(conn, round, 500);
      await visit.receive(conn, round, 500);
      if (round === 0) await visit.pause(visit.between(500, 30_000));
    }
    await conn.closeWrite();
    await visit.receiveEnd(conn);
  },
};

async function fetchPart(port: number, visit: Visit, length: number, pauseMs: number): Promise<void> {
  const from = visit.between(0, 1_000_000);
  const conn = await visit.connect(port);
  await writeAll(conn, request(from, length));
  await conn.closeWrite();
  await visit.receive(conn, from, length, pauseMs);
  await visit.receiveEnd(conn);
}

/** Waits for both; the first to fail is what is thrown, and the other is no unhandled rejection. */
export async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  await Promise.all([first, second]);
}
