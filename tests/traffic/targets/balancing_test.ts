import { assertEquals, assertStrictEquals } from "@std/assert";
import { readToEnd, resettingClient } from "../../helpers/clients.ts";
import { tally } from "../../helpers/fakes/candidate_list.ts";
import { answeredBy, answersOf, Fleet, holdConnections } from "../../helpers/proxy/fleet.ts";
import { withProxy } from "../../helpers/proxy/proxy.ts";
import { refusingAddress } from "../../helpers/targets.ts";

/** Targets of the fleet with these weights. */
function weighted(fleet: Fleet, weights: readonly number[]): { address: string; weight: number }[] {
  return fleet.addresses.map((address, index) => ({ address, weight: weights[index] ?? 1 }));
}

Deno.test("balance: round_robin gives each target its turn, by weight", async () => {
  await using fleet = new Fleet(2);
  for (const [weights, counts] of [[[1, 1], [4, 4]], [[3, 1], [6, 2]]] as const) {
    await withProxy({ targets: weighted(fleet, weights), balance: "round_robin" }, async (proxy) => {
      assertEquals(tally(await answersOf(proxy, 8), 2), counts);
    });
  }
});

Deno.test("balance: least_connections fills targets evenly, by weight", async () => {
  await using fleet = new Fleet(2);
  for (const [weights, counts] of [[[1, 1], [3, 3]], [[2, 1], [4, 2]]] as const) {
    await withProxy({ targets: weighted(fleet, weights), balance: "least_connections" }, async (proxy) => {
      using held = await holdConnections(proxy, 6);
      assertEquals(tally(held.answers, 2), counts);
    });
  }
});

Deno.test("balance: least_connections gives the next one to the target that has lost one", async () => {
  await using fleet = new Fleet(2);
  await withProxy({ targets: fleet.addresses, balance: "least_connections" }, async (proxy) => {
    using held = await holdConnections(proxy, 4);
    const [left] = held.clients;
    const [loser] = held.answers;
    await left?.closeWrite();
    await proxy.outcome();
    await held.add(proxy);
    assertStrictEquals(held.answers.at(-1), loser);
  });
});

Deno.test("balance: random_two takes the less busy of two", async () => {
  await using fleet = new Fleet(2);
  await withProxy({ targets: fleet.addresses, balance: "random_two" }, async (proxy) => {
    using held = await holdConnections(proxy, 6);
    assertEquals(tally(held.answers, 2), [3, 3]);
  });
});

Deno.test("balance: random draws by weight", async () => {
  await using fleet = new Fleet(2);
  let drawn = 0;
  await withProxy({ targets: weighted(fleet, [1, 3]) }, async (proxy) => {
    const answers: number[] = [];
    for (drawn of [0, 0.24, 0.25, 0.5, 0.99]) answers.push(...await answersOf(proxy, 1));
    assertEquals(answers, [0, 0, 1, 1, 1]);
  }, { random: () => drawn });
});

Deno.test("balance: first takes the first target that can be had", async () => {
  await using fleet = new Fleet(2);
  const targets = [refusingAddress(), ...fleet.addresses];
  await withProxy({ targets, balance: "first" }, async (proxy) => {
    assertEquals(await answersOf(proxy, 5), [0, 0, 0, 0, 0]);
  });
});

Deno.test("balance: source_hash takes the same target for the same client, on each replica, in any order", async () => {
  await using fleet = new Fleet(4);
  const answers: number[] = [];
  for (const targets of [fleet.addresses, fleet.addresses.toReversed()]) {
    await withProxy({ targets, balance: "source_hash" }, async (proxy) => {
      answers.push(...await answersOf(proxy, 4));
    });
  }
  assertEquals(new Set(answers).size, 1);
});

Deno.test("weight: 0 gets no connection, not even where all others refuse", async () => {
  await using fleet = new Fleet(1);
  const targets = [refusingAddress(), ...weighted(fleet, [0])];
  await withProxy({ targets }, async (proxy) => {
    using client = await proxy.connect();
    assertStrictEquals(await readToEnd(client), "fin");
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["no_target", 1]);
  });
});

Deno.test("backup: is used when the primaries have refused; one that is no backup takes part", async () => {
  await using fleet = new Fleet(2);
  const [first = "", second = ""] = fleet.addresses;
  for (const backup of [true, false]) {
    const targets = [first, { address: second, backup }];
    await withProxy({ targets, balance: "round_robin" }, async (proxy) => {
      assertEquals(tally(await answersOf(proxy, 4), 2), backup ? [4, 0] : [2, 2]);
    });
  }
  const targets = [{ address: second, backup: true }, refusingAddress(), refusingAddress()];
  await withProxy({ targets }, async (proxy) => {
    using client = await proxy.connect();
    assertStrictEquals(await answeredBy(client), 1);
    await client.closeWrite();
    assertStrictEquals((await proxy.outcome()).tries, 3);
  });
});

Deno.test("max_connections of a target: a full one is passed over; without it none is", async () => {
  await using fleet = new Fleet(2);
  const [first = "", second = ""] = fleet.addresses;
  for (const limit of [{ max_connections: 1 }, {}]) {
    await withProxy({ targets: [{ address: first, ...limit }, second], balance: "first" }, async (proxy) => {
      using held = await holdConnections(proxy, 3);
      assertEquals(held.answers, "max_connections" in limit ? [0, 1, 1] : [0, 0, 0]);
      const [left] = held.clients;
      await left?.closeWrite();
      await proxy.outcome();
      await held.add(proxy);
      assertStrictEquals(held.answers.at(-1), 0);
    });
  }
});

Deno.test("queue_timeout: those who wait for a place are served in order of arrival", async () => {
  await using fleet = new Fleet(1);
  const targets = fleet.addresses.map((address) => ({ address, max_connections: 1 }));
  await withProxy({ targets, queue_timeout: "1m" }, async (proxy) => {
    const served: number[] = [];
    const clients: Deno.Conn[] = [];
    const answered: Promise<void>[] = [];
    for (let index = 0; index < 5; index++) {
      const client = await proxy.connect();
      clients.push(client);
      // Each has arrived before the next one comes.
      await proxy.underWay(index + 1);
      answered.push(answeredBy(client).then(() => void served.push(index)));
    }
    for (const [index, client] of clients.entries()) {
      await answered[index];
      assertEquals(served, clients.slice(0, index + 1).map((_, each) => each));
      client.close();
      assertStrictEquals((await proxy.outcome()).reason, "client_closed");
    }
    assertStrictEquals(fleet.mostAtOnce, 1);
  });
});

Deno.test("queue_timeout: when it is over, or is none, the client is closed as limit", async () => {
  await using fleet = new Fleet(1);
  const targets = fleet.addresses.map((address) => ({ address, max_connections: 1 }));
  for (const timeout of ["30ms", "0s"]) {
    await withProxy({ targets, queue_timeout: timeout }, async (proxy) => {
      using _held = await holdConnections(proxy, 1);
      using client = await proxy.connect();
      assertStrictEquals(await readToEnd(client), "fin");
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries, session.target], ["limit", 0, undefined]);
      assertStrictEquals(session.detail, "no target had a place within queue_timeout");
    });
  }
});

Deno.test("queue_timeout: a client that leaves while it waits frees its place in the queue", async () => {
  await using fleet = new Fleet(1);
  const targets = fleet.addresses.map((address) => ({ address, max_connections: 1 }));
  await withProxy({ targets, queue_timeout: "1m" }, async (proxy) => {
    using held = await holdConnections(proxy, 1);
    const leaving = await resettingClient(proxy.port);
    await proxy.underWay(2);
    using next = await proxy.connect();
    await proxy.underWay(3);
    await leaving.reset();
    assertStrictEquals((await proxy.outcome()).reason, "client_gone");
    await held.clients[0]?.closeWrite();
    assertStrictEquals(await answeredBy(next), 0);
  });
});

Deno.test("queue_timeout: a proxy that stops ends those who wait", async () => {
  await using fleet = new Fleet(1);
  const targets = fleet.addresses.map((address) => ({ address, max_connections: 1 }));
  await withProxy({ targets, queue_timeout: "1m" }, async (proxy) => {
    using _held = await holdConnections(proxy, 1);
    using client = await proxy.connect();
    await proxy.underWay(2);
    await proxy.proxy.stop();
    assertEquals((await proxy.outcomes(2)).map(({ reason }) => reason), ["drained", "drained"]);
    await readToEnd(client);
  });
});

Deno.test("queue_timeout: who finds that the others refuse waits for one that is full, and dials none twice", async () => {
  await using fleet = new Fleet(1);
  const [address = ""] = fleet.addresses;
  const refusing = [refusingAddress(), refusingAddress()];
  const full = { address, "max_connections": 1 };
  for (const backup of [false, true]) {
    const targets = [...refusing, { ...full, backup }];
    await withProxy({ targets, queue_timeout: "1m" }, async (proxy) => {
      using held = await holdConnections(proxy, 1);
      const clients = [await proxy.connect()];
      await proxy.underWay(2);
      clients.push(await proxy.connect());
      await proxy.underWay(3);
      await held.clients[0]?.closeWrite();
      await proxy.outcome();
      await Promise.all(clients.map(async (client) => {
        using open = client;
        assertStrictEquals(await answeredBy(open), 0);
        await open.closeWrite();
        await readToEnd(open);
      }));
      for (const session of await proxy.outcomes(2)) {
        assertEquals([session.reason, session.tries, session.target?.label], ["client_closed", 3, address]);
        assertEquals(session.failures.map(({ target }) => target.label).toSorted(), refusing.toSorted());
      }
      assertStrictEquals(fleet.mostAtOnce, 1);
    });
  }
});

Deno.test("queue_timeout: when it is over while the others refuse, the reason is limit; where none is full, no_target", async () => {
  await using fleet = new Fleet(1);
  const [address = ""] = fleet.addresses;
  const refusing = refusingAddress();
  for (const timeout of ["30ms", "0s"]) {
    const targets = [refusing, { address, max_connections: 1 }];
    await withProxy({ targets, balance: "first", queue_timeout: timeout }, async (proxy) => {
      using _held = await holdConnections(proxy, 1);
      using client = await proxy.connect();
      assertStrictEquals(await readToEnd(client), "fin");
      const session = await proxy.outcome();
      assertEquals([session.reason, session.tries, session.target], ["limit", 1, undefined]);
      assertEquals(session.failures.map(({ target }) => target.label), [refusing]);
    });
  }
  const targets = [refusing, { address: refusingAddress(), max_connections: 1 }];
  await withProxy({ targets, queue_timeout: "1m" }, async (proxy) => {
    using client = await proxy.connect();
    await readToEnd(client);
    const session = await proxy.outcome();
    assertEquals([session.reason, session.tries], ["no_target", 2]);
  });
});
