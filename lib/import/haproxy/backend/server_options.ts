import { durationOf, readTimeMs } from "../../durations.ts";
import type { Notes } from "../../note.ts";
import { YamlMap } from "../../yaml_map.ts";
import { SERVER_HARMLESS, SERVER_LEFT_OUT } from "./server_keywords.ts";
import { joinPath, type Paths, tlsVersion } from "../tls_words.ts";

/** Where words stand, and what they are read with. */
export interface Reading {
  readonly line: number;
  readonly notes: Notes;
  readonly paths: Paths;
}

/** Words behind `server NAME ADDRESS`, and those of `default-server`, gathered. */
export class ServerOptions {
  weight: number | undefined;
  isDisabled = false;
  isBackup = false;
  maxConnections: number | undefined;
  proxyProtocol: "v1" | "v2" | undefined;
  resolvers: string | undefined;
  isChecked = false;
  isTls = false;
  checksTls = false;
  verify: string | undefined;
  slowStart: string | undefined;
  closesOnDown = false;
  observes = false;
  errorLimit = 10;
  tlvs: string[] = [];
  source: string | undefined;
  usesrc: string | undefined;
  readonly check = new YamlMap();
  readonly tls = new YamlMap();

  /** Reads words; what comes later wins. */
  read(words: readonly string[], reading: Reading): void {
    for (let at = 0; at < words.length; at++) at += this.#take(words[at] ?? "", words[at + 1] ?? "", reading);
  }

  /** Returns how many words beside the first it took. */
  #take(word: string, value: string, reading: Reading): number {
    const { line, notes, paths } = reading;
    if (word in SERVER_HARMLESS) {
      this.#undo(word);
      return SERVER_HARMLESS[word] ?? 0;
    }
    const leftOut = SERVER_LEFT_OUT[word];
    if (leftOut !== undefined) {
      notes.leftOut(line, `server … ${word}: ${leftOut[1]}`);
      return leftOut[0];
    }
    switch (word) {
      case "check":
        this.isChecked = true;
        return 0;
      case "backup":
        this.isBackup = true;
        return 0;
      case "disabled":
        this.isDisabled = true;
        return 0;
      case "weight":
        this.weight = numberOf(value);
        return 1;
      case "maxconn":
        this.maxConnections = numberOf(value) || undefined;
        return 1;
      case "send-proxy":
        this.proxyProtocol = "v1";
        return 0;
      case "send-proxy-v2":
        this.proxyProtocol = "v2";
        return 0;
      case "send-proxy-v2-ssl":
      case "send-proxy-v2-ssl-cn":
        this.proxyProtocol = "v2";
        this.tlvs.push("ssl");
        return 0;
      case "proxy-v2-options":
        this.tlvs.push(...value.split(","));
        return 1;
      case "inter":
        this.#time("interval", value, reading);
        return 1;
      case "rise":
      case "fall":
        this.check.set(word, Math.max(1, numberOf(value) ?? 1));
        return 1;
      case "port":
        this.check.set("port", numberOf(value));
        return 1;
      case "slowstart": {
        const ms = readTimeMs(value, "ms");
        if (ms !== undefined && ms > 0) this.slowStart = durationOf(ms);
        return 1;
      }
      case "resolvers":
        this.resolvers = value;
        return 1;
      case "on-marked-down":
        this.closesOnDown = value === "shutdown-sessions";
        return 1;
      case "observe":
        this.observes = true;
        if (value !== "layer4") {
          notes.changed(line, `observe ${value}: failed dials and early resets are observed`);
        }
        return 1;
      case "source":
        this.source = value;
        return 1;
      case "usesrc":
        this.usesrc = value;
        return 1;
      case "error-limit":
        this.errorLimit = numberOf(value) || 10;
        return 1;
      case "ssl":
        this.isTls = true;
        return 0;
      case "check-ssl":
        this.checksTls = true;
        return 0;
      case "verify":
        this.verify = value;
        return 1;
      case "ca-file":
        if (!value.startsWith("@")) this.tls.set("ca", joinPath(paths.authorities, value));
        return 1;
      case "crl-file":
        this.tls.set("crl", joinPath(paths.authorities, value));
        return 1;
      case "crt": {
        const path = joinPath(paths.certificates, value);
        this.tls.set("cert", path).set("key", path);
        return 1;
      }
      case "verifyhost":
        this.tls.set("server_name", value);
        return 1;
      case "sni":
        this.#sni(value, reading);
        return 1;
      case "alpn":
        this.tls.set("alpn", value.split(",").filter((each) => each !== ""));
        return 1;
      case "ssl-min-ver":
        this.tls.set("min_version", tlsVersion(value, reading));
        return 1;
      case "ssl-max-ver":
        this.tls.set("max_version", tlsVersion(value, reading));
        return 1;
      case "force-tlsv12":
        this.tls.set("max_version", 1.2);
        return 0;
      case "force-tlsv13":
        this.tls.set("min_version", 1.3);
        return 0;
      default:
        notes.leftOut(line, `server … ${word}: not known here; see whether the target needs it`);
        return 0;
    }
  }

  #undo(word: string): void {
    if (word === "no-check") this.isChecked = false;
    if (word === "no-backup") this.isBackup = false;
    if (word === "no-ssl") this.isTls = false;
    if (word === "no-send-proxy" || word === "no-send-proxy-v2") this.proxyProtocol = undefined;
    if (word === "enabled") this.isDisabled = false;
  }

  #time(key: string, value: string, { line, notes }: Reading): void {
    const ms = readTimeMs(value, "ms");
    if (ms === undefined) notes.leftOut(line, `"${value}" is no time: set "health_check.${key}"`);
    else this.check.set(key, durationOf(Math.max(100, ms)));
  }

  #sni(expression: string, { line, notes }: Reading): void {
    const fixed = /^str\(([\w.-]+)\)$/.exec(expression)?.[1];
    if (fixed !== undefined) this.tls.set("server_name", fixed);
    else if (/^(?:ssl_fc_sni|req\.ssl_sni|req_ssl_sni)\b/.test(expression)) {
      this.tls.set("pass_server_name", true);
    } else notes.leftOut(line, `sni ${expression}: set "target_tls.server_name"`);
  }
}

function numberOf(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
