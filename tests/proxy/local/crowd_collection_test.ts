import { assertStrictEquals } from "@std/assert";
import { CrowdCollection } from "../../../lib/proxy/local/crowd_collection.ts";
import { FakeScheduler } from "../../helpers/fakes/fake_scheduler.ts";

/** Sessions that come and go, and the collections that follow. */
class Crowd {
  readonly time = new FakeScheduler();
  readonly collection: CrowdCollection;
  readonly defects: unknown[] = [];
  collected = 0;
  /** Whether the last collection gave memory back. */
  isCompacting: boolean | undefined;
  #sessions = 0;

  constructor(collect?: () => Promise<void>) {
    this.collection = new CrowdCollection({
      sessions: () => this.#sessions,
      scheduler: this.time,
      collect: async (isCompacting) => {
        this.collected++;
        this.isCompacting = isCompacting;
        await collect?.();
      },
      defect: (error) => this.defects.push(error),
    });
  }

  come(count: number): void {
    for (let index = 0; index < count; index++) {
      this.#sessions++;
      this.collection.began();
    }
  }

  leave(count: number): void {
    for (let index = 0; index < count; index++) {
      this.#sessions--;
      this.collection.ended();
    }
  }
}

Deno.test("CrowdCollection: collects once, two seconds after a crowd has left", async () => {
  const crowd = new Crowd();
  crowd.come(1000);
  crowd.leave(700);
  await crowd.time.advance(10_000);
  assertStrictEquals(crowd.collected, 0, "three in ten are still there");
  crowd.leave(100);
  await crowd.time.advance(1999);
  assertStrictEquals(crowd.collected, 0);
  await crowd.time.advance(1);
  assertStrictEquals(crowd.collected, 1);
  assertStrictEquals(crowd.isCompacting, false, "two hundred would wait for it");
  crowd.leave(200);
  await crowd.time.advance(10_000);
  assertStrictEquals(crowd.collected, 1, "not so soon again");
  crowd.come(500);
  crowd.leave(500);
  await crowd.time.advance(2000);
  assertStrictEquals(crowd.collected, 1, "many have come meanwhile");
  await crowd.time.advance(5000);
  assertStrictEquals(crowd.collected, 2, "the next crowd counts anew");
  assertStrictEquals(crowd.isCompacting, true);
});

Deno.test("CrowdCollection: leaves it to V8 where few leave or the crowd is back, and waits while others come", async () => {
  const few = new Crowd();
  few.come(199);
  few.leave(199);
  await few.time.advance(10_000);
  assertStrictEquals(few.collected, 0);

  const back = new Crowd();
  back.come(1000);
  back.leave(1000);
  await back.time.advance(1000);
  back.come(1000);
  await back.time.advance(10_000);
  assertStrictEquals(back.collected, 0);
  back.leave(1000);
  await back.time.advance(2000);
  assertStrictEquals(back.collected, 1);

  const busy = new Crowd();
  busy.come(1000);
  busy.leave(1000);
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 201; index++) {
      busy.come(1);
      busy.leave(1);
    }
    await busy.time.advance(2000);
    assertStrictEquals(busy.collected, 0);
  }
  await busy.time.advance(2000);
  assertStrictEquals(busy.collected, 1, "it is quiet now");
});

Deno.test("CrowdCollection: collects no more once it is stopped, and reports a collection that fails", async () => {
  const stopped = new Crowd();
  stopped.come(1000);
  stopped.leave(1000);
  stopped.collection.stop();
  await stopped.time.advance(10_000);
  assertStrictEquals(stopped.collected, 0);

  const error = new Error("out of luck");
  const failing = new Crowd(() => Promise.reject(error));
  failing.come(1000);
  failing.leave(1000);
  await failing.time.advance(2000);
  assertStrictEquals(failing.defects[0], error);
});
