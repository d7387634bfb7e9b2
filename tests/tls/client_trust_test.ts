import * as crypto from "node:crypto";
import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { assertEquals, assertMatch } from "@std/assert";
import { Authorities } from "../../lib/tls/trust/authorities.ts";
import { ClientTrust } from "../../lib/tls/trust/client_trust.ts";
import { isIssuedBy } from "../../lib/tls/trust/_issued_by.ts";
import { CertificateFolder, type MakeOptions, type TestCertificate } from "../helpers/tls/certificates.ts";
import { missingTools } from "../helpers/programs/tools.ts";

const DAY_MS = 86_400_000;

function test(
  name: string,
  fn: (make: (name: string, options?: MakeOptions) => TestCertificate) => void,
): void {
  Deno.test({
    name,
    ignore: missingTools("openssl").length > 0,
    fn: () => {
      using folder = new CertificateFolder();
      fn((each, options) => folder.make(each, options));
    },
  });
}

function read(...certificates: readonly TestCertificate[]): X509Certificate[] {
  return certificates.map(({ cert }) => new X509Certificate(cert));
}

test("isIssuedBy: by a CA directly, or through intermediates that the peer sent", (make) => {
  const ca = make("ca", { isCa: true });
  const middle = make("middle", { isCa: true, issuer: ca });
  const low = make("low", { isCa: true, issuer: middle });
  const [leaf] = read(make("leaf", { issuer: low }));
  const check = (others: readonly TestCertificate[], authorities: readonly TestCertificate[]): boolean =>
    leaf !== undefined &&
    isIssuedBy(leaf, {
      others: read(...others),
      authorities: read(...authorities),
      nowMs: Date.now(),
      crypto,
    });
  assertEquals(check([low, middle], [ca]), true);
  assertEquals(check([middle, low, ca], [ca]), true);
  assertEquals(check([low], [middle]), true);
  assertEquals(check([], [low]), true);
  assertEquals(check([low], [ca]), false);
  assertEquals(check([], [ca]), false);
  assertEquals(check([low, middle, ca], [make("other", { isCa: true })]), false);
});

test("isIssuedBy: a matching name, a non-CA issuer or an expired one is not enough", (make) => {
  const ca = make("ca", { isCa: true });
  const namesake = make("namesake", { isCa: true, subject: "/CN=ca" });
  const noCa = make("no-ca", { issuer: ca });
  const old = make("old", { isCa: true, issuer: ca, days: -1 });
  const check = (issuer: TestCertificate, authority: TestCertificate, days = 30): boolean => {
    const [leaf] = read(make("leaf", { issuer, days }));
    const options = { others: read(issuer), authorities: read(authority), nowMs: Date.now(), crypto };
    return leaf !== undefined && isIssuedBy(leaf, options);
  };
  assertEquals(check(ca, ca), true);
  assertEquals(check(ca, namesake), false);
  assertEquals(check(noCa, ca), false);
  assertEquals(check(old, ca), false);
  assertEquals(check(ca, ca, -1), false);
});

test("isIssuedBy: a CA's own certificate is trusted, and a loop ends", (make) => {
  const [one] = read(make("one", { isCa: true }));
  if (one === undefined) throw new Error("there is no certificate");
  assertEquals(isIssuedBy(one, { others: [], authorities: [one], nowMs: Date.now(), crypto }), true);
  assertEquals(
    isIssuedBy(one, { others: [one, one, one], authorities: [], nowMs: Date.now(), crypto }),
    false,
  );
});

/** What the runtime says after a handshake with a client whose certificate it calls authorized. */
function after(certificate: TestCertificate, isReused: boolean | undefined): TLSSocket {
  const [peer] = read(certificate);
  return {
    authorized: true,
    getPeerX509Certificate: () => peer,
    getPeerCertificate: () => ({ raw: peer?.raw }),
    ...(isReused === undefined ? {} : { isSessionReused: () => isReused }),
  } as unknown as TLSSocket;
}

function trustIn(ca: TestCertificate): ClientTrust {
  return new ClientTrust(new Authorities(ca.cert, crypto), { isRequired: true });
}

test("ClientTrust: a session outlives neither its certificate nor the trust in its CA", (make) => {
  const ca = make("ca", { isCa: true });
  const trust = trustIn(ca);
  const good = make("good", { issuer: ca, days: 1 });
  assertEquals(trust.refusal(after(good, false)), undefined);
  assertEquals(trust.refusal(after(good, true)), undefined);
  const late = trust.refusal(after(good, true), Date.now() + 2 * DAY_MS);
  assertEquals(late?.code, "CERTIFICATE_EXPIRED");
  assertMatch(
    late?.message ?? "",
    /the certificate "CN=good" of a resumed session expired on .*$/,
  );
  assertEquals(trust.refusal(after(make("other"), true))?.code, "CERTIFICATE_UNKNOWN");
});

test("ClientTrust: a session counts as resumed where the runtime does not say", (make) => {
  const ca = make("ca", { isCa: true });
  assertEquals(trustIn(ca).refusal(after(make("good", { issuer: ca }), undefined)), undefined);
  assertEquals(trustIn(ca).refusal(after(make("other"), undefined))?.code, "CERTIFICATE_UNKNOWN");
});

test("ClientTrust: does not search again for what the runtime has verified", (make) => {
  const [ca, other] = [make("ca", { isCa: true }), make("other")];
  const trust = trustIn(ca);
  assertEquals(trust.refusal(after(other, false)), undefined);
  assertEquals(trust.refusal(after(other, true)), undefined);
});
