/**
 * A worker that refuses new certificates, where it is the second.
 *
 * @module
 */
import "./stubborn.ts";
import "../../../lib/workers/worker/entry.ts";
