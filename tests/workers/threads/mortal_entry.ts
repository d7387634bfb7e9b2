/**
 * A worker that dies on request; `worker_proxy_test.ts` has the other end.
 *
 * @module
 */
import "./mortality.ts";
import "../../../lib/workers/worker/entry.ts";
