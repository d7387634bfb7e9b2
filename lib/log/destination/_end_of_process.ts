/**
 * Writes what has been logged before the process ends, however it ends short of a kill: `Deno.exit` and a natural end
 * dispatch `unload`; an uncaught error or rejection does not, but is dispatched as an event of its own first.
 *
 * @module
 */

/** A writer that can write all that it holds synchronously. */
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
