import { formatAddress } from "../../base/mod.ts";
import { showBytes } from "../../pool/mod.ts";
import type { CertificateFacts, TlsInspection } from "../../tls/mod.ts";
import { type AnswerEnd, MAX_ANSWER_BYTES, type ProbeReport, type ProbeStep } from "./probe_report.ts";

/** A report for people: a line for each step that was made, and more for what a TLS handshake has shown. */
export function probeText({ steps }: ProbeReport, nowMs: number): string {
  return steps.map((step) => {
    const time = `${step.durationMs.toFixed(1)} ms`.padStart(10);
    return `${TITLES[step.kind].padEnd(12)} ${time}  ${stepText(step, nowMs).join(`\n${" ".repeat(25)}`)}`;
  }).join("\n");
}

/** A report for scripts: durations in milliseconds, bytes as a text with escapes, times as ISO 8601. */
export function probeJson(address: string, { steps, failure }: ProbeReport): unknown {
  return {
    address,
    ok: failure === undefined,
    steps: steps.map((step) => ({
      step: step.kind,
      ["duration_ms"]: milliseconds(step.durationMs),
      ...stepJson(step),
    })),
    error: failure === undefined ? null : {
      step: failure.kind,
      message: failure.reason,
      ["duration_ms"]: milliseconds(failure.durationMs),
    },
  };
}

const TITLES: Readonly<Record<ProbeStep["kind"], string>> = {
  connect: "connect",
  ["proxy_header"]: "PROXY header",
  tls: "TLS",
  send: "send",
  answer: "answer",
};

const ENDS: Readonly<Record<AnswerEnd, string>> = {
  closed: ", then the target finished",
  timeout: ", then nothing until the time was over",
  limit: `, and there is more: ${MAX_ANSWER_BYTES} bytes are shown`,
};

/** How an answer without a byte ended. */
const EMPTY_ENDS: Readonly<Record<AnswerEnd, string>> = {
  closed: ": the target finished",
  timeout: " until the time was over",
  limit: "",
};

function stepText(step: ProbeStep, nowMs: number): string[] {
  switch (step.kind) {
    case "connect":
      return [`${formatAddress(step.remote)}, from ${formatAddress(step.local)}`];
    case "proxy_header":
    case "send":
      return [bytesText(step.sent)];
    case "tls":
      return tlsText(step, nowMs);
    case "answer":
      return [`${bytesText(step.received)}${(step.received.length === 0 ? EMPTY_ENDS : ENDS)[step.end]}`];
  }
}

function tlsText(tls: Omit<TlsInspection, "conn">, nowMs: number): string[] {
  const { protocol = "unknown version", cipher = "unknown cipher", alpn, certificate, refusal } = tls;
  return [
    `${protocol}, ${cipher}, ${alpn === undefined ? "no ALPN protocol" : `ALPN ${JSON.stringify(alpn)}`}`,
    ...(certificate === undefined ? ["no certificate"] : certificateText(certificate, nowMs)),
    refusal === undefined
      ? "verified: the certificate is trusted, and for this name"
      : `not verified: ${refusal}`,
  ];
}

function certificateText(certificate: CertificateFacts, nowMs: number): string[] {
  const { subject, issuer, names, validFromMs, validToMs } = certificate;
  const days = Math.floor((validToMs - nowMs) / 86_400_000);
  const left = days < 0 ? "expired" : days === 1 ? "1 day left" : `${days} days left`;
  return [
    `certificate "${subject}" by "${issuer}"`,
    `for ${names.join(", ") || "no name"}`,
    `valid from ${iso(validFromMs).slice(0, 10)} to ${iso(validToMs).slice(0, 10)} (${left})`,
  ];
}

function bytesText(bytes: Uint8Array): string {
  if (bytes.length === 0) return "nothing";
  const count = bytes.length === 1 ? "1 byte" : `${bytes.length} bytes`;
  return `${count} ${showBytes(bytes, MAX_ANSWER_BYTES)}`;
}

function stepJson(step: ProbeStep): Record<string, unknown> {
  switch (step.kind) {
    case "connect":
      return { local: formatAddress(step.local), remote: formatAddress(step.remote) };
    case "proxy_header":
    case "send":
      return bytesJson(step.sent);
    case "tls":
      return tlsJson(step);
    case "answer":
      return { ...bytesJson(step.received), end: step.end };
  }
}

function tlsJson(tls: Omit<TlsInspection, "conn">): Record<string, unknown> {
  const { protocol = null, cipher = null, alpn = null, certificate, refusal = null } = tls;
  return {
    protocol,
    cipher,
    alpn,
    certificate: certificate === undefined ? null : {
      subject: certificate.subject,
      issuer: certificate.issuer,
      names: certificate.names,
      ["valid_from"]: iso(certificate.validFromMs),
      ["valid_to"]: iso(certificate.validToMs),
    },
    verified: refusal === null,
    refusal,
  };
}

function bytesJson(bytes: Uint8Array): Record<string, unknown> {
  return { bytes: bytes.length, text: showBytes(bytes, MAX_ANSWER_BYTES).slice(1, -1) };
}

/** A certificate may end in a year that no date holds. */
function iso(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "unknown" : date.toISOString();
}

function milliseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
