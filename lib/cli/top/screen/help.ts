import { fitLine, type Line, span } from "../../terminal/line.ts";

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["1 2 3 Tab", "apps, targets, sessions"],
  ["↑ ↓ PgUp Home", "move; PgDn and End too"],
  ["Enter", "open an app's targets, a target's sessions"],
  ["Esc", "back; first it clears the filter"],
  ["i", "all that is known of the row"],
  ["/", "filter by words that each row must have"],
  ["s S r", "sort by the next column, the last; reverse"],
  ["k", "kill the session, or all of app or target"],
  ["d", "drain the target, or make it ready again"],
  ["m", "take the target down, or make it ready"],
  ["p", "pause the app, or let it accept again"],
  ["Space", "freeze what is shown, and go on"],
  ["+ -", "look less often, more often"],
  ["Ctrl-L", "draw the screen anew"],
  ["q Ctrl-C", "quit"],
];

const WORDS: readonly (readonly [word: string, what: string])[] = [
  ["up down", "what checks say of a target"],
  ["ejected", "left out for a while: connections failed"],
  ["drain", "no new connections; live ones go on"],
  ["maint", "taken down by an operator"],
  ["faulty", "the app has faults injected"],
  ["5b", "of a weight: a backup, with weight 5"],
];

/** From this width on the words stand beside the keys. */
const WIDE = 120;
const LEFT_WIDTH = 64;

/** The help screen, in so many rows at most. */
export function helpLines({ columns, rows }: { readonly columns: number; readonly rows: number }): Line[] {
  const keys = section("Keys", KEYS);
  const words = section("Words", WORDS);
  if (columns < WIDE) return keys.length + words.length < rows ? [...keys, [], ...words] : keys;
  return keys.map((line, at) => [...fitLine(line, LEFT_WIDTH), ...(words[at] ?? [])]);
}

function section(title: string, rows: readonly (readonly [string, string])[]): Line[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    [span(` ${title}`, "bold")],
    ...rows.map(([left, right]): Line => [span(`  ${left.padEnd(width)}  `, "accent"), span(right)]),
  ];
}
