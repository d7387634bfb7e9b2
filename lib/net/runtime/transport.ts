import type { Transport } from "../transport.ts";
import { connect } from "./connect.ts";
import { listen, listenUnix } from "./listen.ts";

/** The sockets of the runtime: `Deno.listen` and `Deno.connect`, and nowhere else in the program. */
export const runtimeTransport: Transport = { listen, listenUnix, connect };
