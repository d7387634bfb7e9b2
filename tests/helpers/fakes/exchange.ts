import type { Exchange } from "../../../lib/pool/checks/exchange.ts";

/** Each character as a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/**
 * Plays the target's part of a conversation with these pieces, then FIN if asked to. Gives what the exchange sent at each
 * turn, and the last verdict: `PING|need_more`.
 */
export function play(
  exchange: Exchange,
  pieces: readonly (string | Uint8Array)[],
  options: { fin?: boolean } = {},
): string {
  const said: string[] = [];
  let turn = exchange.begin();
  const note = (): void => {
    if (turn.send !== undefined) said.push(String.fromCharCode(...turn.send));
  };
  note();
  for (const piece of pieces) {
    if (turn.verdict !== "need_more") break;
    turn = exchange.feed(typeof piece === "string" ? latin1(piece) : piece);
    note();
  }
  const verdict = turn.verdict === "need_more" && options.fin === true ? exchange.end() : turn.verdict;
  return [...said, verdict].join("|");
}

/** What {@link play} gives, without where the turns were; of a conversation that failed, nothing but that. */
export function regardlessOfCuts(played: string): string {
  return played.endsWith("|no_match") ? "no_match" : played.replaceAll("|", "");
}
