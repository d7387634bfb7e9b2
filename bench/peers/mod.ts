import type { Peer } from "../peer.ts";
import { bareDeno } from "./bare.ts";
import { direct } from "./direct.ts";
import { haproxy, haproxyFull, haproxySplice } from "./haproxy.ts";
import { nginxStream } from "./nginx.ts";
import { nodePipe } from "./node.ts";
import { socat } from "./socat.ts";
import {
  tcpproxy,
  tcpproxyFull,
  tcpproxyLimited,
  tcpproxyLog,
  tcpproxyPipeline,
  tcpproxyRuntime,
} from "./tcpproxy.ts";

export { haproxyConfig } from "./haproxy.ts";
export { nginxConfig } from "./nginx.ts";
export { tcpproxyConfig } from "./tcpproxy.ts";

/** The id of the peer that all ratios are against. */
export const BASE_PEER = haproxy.id;

/** Every peer, in the order of the tables. */
export const PEERS: readonly Peer[] = [
  tcpproxy,
  tcpproxyRuntime,
  tcpproxyLog,
  tcpproxyFull,
  tcpproxyLimited,
  tcpproxyPipeline,
  haproxy,
  haproxySplice,
  haproxyFull,
  nginxStream,
  socat,
  nodePipe,
  bareDeno,
  direct,
];
