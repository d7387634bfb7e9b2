/** The network between the proxy, its clients and its targets; all of them need a wire. */
import { connectTo } from "../../helpers/clients.ts";
import { type Fault, pause } from "../fault.ts";
import type { Weather, Wire } from "../wire.ts";

interface WeatherFault extends Pick<Fault, "name" | "title" | "promise" | "recoverMs" | "mayFail"> {
  weather(wire: Wire): Weather;
}

function weatherFault({ weather, ...fault }: WeatherFault): Fault {
  return {
    ...fault,
    onWire: true,
    run: async ({ wire, holdMs }) => {
      if (wire === undefined) throw new Error("it needs a wire");
      wire.weather = weather(wire);
      await pause(holdMs);
      wire.weather = undefined;
    },
  };
}

export const loss: Fault = weatherFault({
  name: "loss",
  title: "one packet of ten lost, to and from targets",
  promise: "slower, nothing wrong; nothing ends",
  recoverMs: 1500,
  mayFail: 0.3,
  weather: ({ targetHosts }) => ({ loss: 0.1, hosts: targetHosts }),
});

export const delay: Fault = weatherFault({
  name: "delay",
  title: "100 to 150 ms of delay, to and from targets",
  promise: "slower, nothing else",
  recoverMs: 1000,
  mayFail: 0.05,
  weather: ({ targetHosts }) => ({ delayMs: 100, jitterMs: 50, hosts: targetHosts }),
});

export const reordering: Fault = weatherFault({
  name: "reordering",
  title: "three packets of ten overtaken by others, to and from targets",
  promise: "no effect",
  recoverMs: 1000,
  mayFail: 0.05,
  weather: ({ targetHosts }) => ({ reorder: 0.3, hosts: targetHosts }),
});

export const blackHole: Fault = weatherFault({
  name: "black-hole",
  title: "one of two targets swallows every packet, those of open connections too",
  promise: "new connections go to the other target after `connect_timeout` (here 1 s)",
  recoverMs: 1500,
  mayFail: 0.2,
  weather: ({ targetHosts }) => ({ loss: 1, hosts: targetHosts.slice(0, 1) }),
});

const VANISHING = 100;

/** Clients whose machine is gone: they send nothing any more, no FIN either. */
export const vanishing: Fault = {
  name: "vanish",
  title: `${VANISHING} clients vanish in the middle of a session, without a FIN`,
  promise: "their sessions end by `idle_timeout` (here 6 s); others are not affected",
  recoverMs: 1000,
  onWire: true,
  mayFail: 0.05,
  run: async ({ wire, door, holdMs, onEnd }) => {
    if (wire === undefined) throw new Error("it needs a wire");
    const conns = await Promise.all(Array.from({ length: VANISHING }, () => connectTo(door.port, door.host)));
    onEnd(() => {
      for (const conn of conns) conn.close();
    });
    const buffer = new Uint8Array(1000);
    for (const conn of conns) {
      await conn.write(buffer);
      await conn.read(buffer);
    }
    const comeBack = wire.vanish(
      conns.map(({ localAddr }) => localAddr.transport === "tcp" ? localAddr.port : 0),
    );
    // Another client may get their ports in the next round.
    onEnd(comeBack);
    await pause(holdMs);
  },
};
