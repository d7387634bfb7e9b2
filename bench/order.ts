/**
 * The order of one of `rounds` rounds: all items, each behind others than in the other rounds. Of an even number each is
 * behind each other one once in as many rounds as there are items, of an odd number twice in twice as many. On a shared
 * machine the one that runs behind the heaviest load has less of it, and no item is to be always that one.
 *
 * The design is that of Williams, "Experimental designs balanced for the estimation of residual effects of treatments",
 * 1949: the sequence 0, 1, n-1, 2, n-2, …, whose neighbours all differ by another amount, moved on in each round, and
 * backwards when it has been all around.
 */
export function roundOrder<T>(items: readonly T[], round: number, rounds: number): T[] {
  const count = items.length;
  // Few rounds are spread over the whole circle, so that their beginnings are too.
  const shift = rounds < count ? Math.floor(count * round / rounds) : round;
  const order = items.map((_, place) => {
    const step = Math.ceil(place / 2);
    return (place % 2 === 1 ? step : count - step) + shift;
  });
  if (Math.floor(shift / count) % 2 === 1) order.reverse();
  return order.flatMap((index) => items.slice(index % count, index % count + 1));
}
