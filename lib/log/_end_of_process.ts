/**
 * Whatever way the process ends, short of a kill, what was logged is written first: `Deno.exit` and the natural end
 * dispatch `unload`; an uncaught error or rejection does not, but is an event before it is the end.
 *
 * @module
 */

/** What can be told to write all that it holds, at once. */
export interface Flushable {
  flushSync(): void;
}

const ENDS = ["unload", "error", "unhandledrejection"] as const;

const open = new Set<Flushable>();

/** Flushes `writer` when the process ends, until {@link forgetAtEnd}. */
export function flushAtEnd(writer: Flushable): void {
  if (open.size === 0) { for (const end of ENDS) globalThis.addEventListener(end, flushAll); }
  open.add(writer);
}

/** Undoes {@link flushAtEnd}. */
export function forgetAtEnd(writer: Flushable): void {
  if (!open.delete(writer) || open.size > 0) return;
  for (const end of ENDS) globalThis.removeEventListener(end, flushAll);
}

function flushAll(): void {
  for (const writer of open) writer.flushSync();
}
