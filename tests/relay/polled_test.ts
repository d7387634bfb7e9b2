import { polledEngine } from "../../lib/relay/mod.ts";
import { testRelayContract } from "../contract/relay.ts";
import { hasLinuxSockets, linuxDial } from "../helpers/linux_transport.ts";

testRelayContract({
  name: "polledEngine",
  create: (parts) => polledEngine(parts),
  // What one receive takes.
  holdsAtMost: 256 * 1024,
  dial: linuxDial,
  ignoreSockets: !hasLinuxSockets,
});
