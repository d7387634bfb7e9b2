/**
 * A worker that dies when it is told to: whatever a worker may die of, it looks like this from outside.
 *
 * @module
 */
import "./mortality.ts";
import "../../lib/workers/worker/entry.ts";
