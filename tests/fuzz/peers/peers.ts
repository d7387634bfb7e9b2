import { concat } from "../../helpers/bytes.ts";
import { missingNginx } from "../../helpers/servers/nginx.ts";
import { missingTools } from "../../helpers/programs/tools.ts";
import { compare, type Comparison } from "./compare.ts";
import { HELLO_DIFFERENCES, PROXY_DIFFERENCES } from "./differences.ts";
import { hellos, ownHello, ownName, withHaproxyNames, withNginxNames, withOpensslNames } from "./hellos.ts";
import {
  type Ask,
  ownOpinion,
  proxyHeaders,
  REQUEST,
  withHaproxyOpinion,
  withNginxOpinion,
} from "./proxy_headers.ts";

export interface PeerOptions {
  readonly inputs: number;
  readonly seed: number;
}

/** A comparison with a peer, and the programs that it needs and this machine lacks. */
export interface PeerComparison {
  readonly name: string;
  readonly missing: readonly string[];
  run(options: PeerOptions): Promise<Comparison>;
}

/** Every comparison. */
export const PEERS: readonly PeerComparison[] = [
  {
    name: "PROXY headers, HAProxy",
    missing: missingTools("haproxy"),
    run: (options) =>
      result(withHaproxyOpinion, (ask) =>
        compare({
          peer: "HAProxy",
          inputs: proxyHeaders(options.inputs, options.seed),
          own: (input) => ownOpinion(concat(input, REQUEST)),
          ask,
          isSame: (own, theirs) => own === theirs || (theirs === "accepted" && own !== "refused"),
          explanations: PROXY_DIFFERENCES,
        })),
  },
  {
    name: "PROXY headers, nginx",
    missing: missingNginx(),
    run: (options) =>
      result(withNginxOpinion, (ask) =>
        compare({
          peer: "nginx",
          inputs: proxyHeaders(options.inputs, options.seed),
          own: ownOpinion,
          ask,
          explanations: PROXY_DIFFERENCES,
        })),
  },
  {
    name: "names of hellos, HAProxy",
    missing: missingTools("haproxy"),
    run: (options) => result(withHaproxyNames, (ask) => names("HAProxy", ask, options)),
  },
  {
    name: "names of hellos, nginx",
    missing: missingNginx(),
    run: (options) => result(withNginxNames, (ask) => names("nginx", ask, options)),
  },
  {
    name: "hellos, OpenSSL",
    missing: missingTools("python3", "openssl"),
    run: (options) =>
      result(withOpensslNames, (ask) =>
        compare({
          peer: "OpenSSL",
          inputs: hellos(options.inputs, options.seed),
          own: ownHello,
          ask,
          isSame: (own, theirs) =>
            own === theirs || theirs === "unread" || (theirs === "accepted" && own !== "refused"),
          explanations: HELLO_DIFFERENCES,
        })),
  },
];

function names(peer: "HAProxy" | "nginx", ask: Ask, { inputs, seed }: PeerOptions): Promise<Comparison> {
  return compare({ peer, inputs: hellos(inputs, seed), own: ownName, ask, explanations: HELLO_DIFFERENCES });
}

/** Runs with a peer, and returns what came of it. */
async function result(
  withPeer: (use: (ask: Ask) => Promise<void>) => Promise<void>,
  use: (ask: Ask) => Promise<Comparison>,
): Promise<Comparison> {
  let comparison: Comparison | undefined;
  await withPeer(async (ask) => {
    comparison = await use(ask);
  });
  if (comparison === undefined) throw new Error("compare: the peer was not asked");
  return comparison;
}
