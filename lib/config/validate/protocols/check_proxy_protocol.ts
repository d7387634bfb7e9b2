/**
 * Finds PROXY protocol settings that contradict each other or have no effect.
 *
 * @module
 */

import { formatTlv, TLV_NAMES } from "../../../base/mod.ts";
import { acceptsHeader } from "../check_access.ts";
import { ProxyProtocol } from "../../schema/app/proxy_protocol.ts";
import { asList, asMapping, isNone, parsed, type Raw } from "../raw.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** Checks one mapping, of an app or of `defaults`. */
export function checkProxyProtocol(proxyProtocol: Raw, path: Path): Problem[] {
  return [...checkSenders(proxyProtocol, path), ...checkTlvs(proxyProtocol.tlvs, [...path, "tlvs"])];
}

function checkSenders({ accept, from }: Raw, path: Path): Problem[] {
  if ((accept === "required" || accept === "optional") && isNone(from)) {
    const message = `no sender is trusted: list the load balancers in "from" ` +
      `("0.0.0.0/0" and "::/0" for everyone)`;
    return [{ path: [...path, "accept"], message }];
  }
  if ((accept === undefined || accept === "off" || accept === false) && asList(from).length > 0) {
    const message =
      `senders are listed, but no header is accepted: add "accept: required" or "accept: optional"`;
    return [{ path: [...path, "from"], message }];
  }
  return [];
}

function checkTlvs(value: unknown, path: Path): Problem[] {
  const tlvs = parsed(ProxyProtocol.shape.tlvs, value);
  if (tlvs === undefined) return [];
  const problems: Problem[] = [];
  if (tlvs.client_certificate && !tlvs.ssl) {
    const message = `the certificate is sent within the field "ssl": add "ssl: true"`;
    problems.push({ path: [...path, "client_certificate"], message });
  }
  for (const [index, { type }] of tlvs.add.entries()) {
    const first = tlvs.add.findIndex((each) => each.type === type);
    if (first === index) continue;
    const message = `the field ${formatTlv(type)} is added by add[${first}] already, expected another type`;
    problems.push({ path: [...path, "add", index, "type"], message });
  }
  return problems;
}

/** Settings without effect, because no header is received or sent, or there is nothing to put in it. */
export function idleProxyProtocol(app: Raw, path: Path, defaults: Raw): Problem[] {
  const own = parsed(ProxyProtocol, app.proxy_protocol);
  if (own === undefined) return [];
  const { tlvs, log } = own;
  const at: Path = [...path, "proxy_protocol"];
  const problems: Problem[] = [];
  const idle = (key: string, message: string): void => {
    problems.push({ path: [...at, "tlvs", key], at: "key", message });
  };
  if (!acceptsHeader(app.proxy_protocol)) {
    const received = `no header is received: add "accept: required" or "accept: optional"`;
    for (const [index, type] of log.entries()) {
      if (type === TLV_NAMES.unique_id && tlvs.unique_id) continue;
      problems.push({ path: [...at, "log", index], message: received });
    }
    if (tlvs.pass.length > 0) idle("pass", received);
  }
  if (!isOn(app.tls ?? defaults.tls)) {
    const unknown = `the clients' TLS does not end here, and nothing of it is known: add "tls"`;
    if (tlvs.alpn) idle("alpn", unknown);
    if (tlvs.ssl) idle("ssl", unknown);
  }
  const isAsked = tlvs.pass.length > 0 || tlvs.add.length > 0 ||
    Object.values(tlvs).some((value) => value === true);
  if (isAsked && !sendsV2(app)) {
    const message = `no target is sent a v2 header: add "send: v2"`;
    problems.push({ path: [...at, "tlvs"], at: "key", message });
  }
  return problems;
}

function sendsV2(app: Raw): boolean {
  const isByDefault = asMapping(app.proxy_protocol).send === "v2";
  const targets = [app, ...asList(app.routes).map(asMapping)].flatMap(({ targets }) => asList(targets));
  return targets.some((target) => {
    const { proxy_protocol: own } = asMapping(target);
    return own === undefined ? isByDefault : own === "v2";
  });
}

function isOn(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
