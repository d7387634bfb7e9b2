/**
 * A worker that does not say whether it is alive, where it is the second.
 *
 * @module
 */
import "./hung.ts";
import "../../../lib/workers/worker/entry.ts";
