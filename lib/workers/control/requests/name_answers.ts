import { targetsOf } from "../../../app/mod.ts";
import type { TargetAddress } from "../../../base/mod.ts";
import type { Config } from "../../../config/mod.ts";
import { systemLookup } from "../../../dial/mod.ts";
import type { TargetState } from "../../../pool/mod.ts";
import type { NameAnswer } from "../../channel/messages.ts";
import { errorRecord } from "../../channel/records.ts";

export interface NameAnswersOptions {
  /** Returns the current states of an app's targets, by pool key. */
  states(app: string): ReadonlyMap<string, readonly TargetState[]>;
  /** Default the system's own lookup (`getaddrinfo`). */
  readonly lookup?: (name: string) => Promise<readonly string[]>;
}

/**
 * Answers the workers' questions about names: only about the names of targets, because a query for any name could carry
 * data out of a worker that was taken over.
 */
export class NameAnswers {
  readonly #config: Config;
  readonly #options: NameAnswersOptions;
  readonly #names: ReadonlySet<string>;

  /** @param config the config of the workers that ask. */
  constructor(config: Config, options: NameAnswersOptions) {
    this.#config = config;
    this.#options = options;
    this.#names = new Set(config.apps.flatMap(targetsOf).flatMap(({ address }) => hostOf(address)));
  }

  /** Never rejects. */
  async answer(id: number, name: string): Promise<NameAnswer> {
    const { lookup = systemLookup } = this.#options;
    try {
      if (!this.#isTarget(name)) {
        throw Object.assign(new Error(`"${name}" is no name of a target`), { code: "EPERM" });
      }
      return { kind: "name_answer", id, addresses: await lookup(name), error: undefined };
    } catch (error) {
      return { kind: "name_answer", id, addresses: [], error: errorRecord(error) };
    }
  }

  #isTarget(name: string): boolean {
    // A discovered target may have a name too.
    return this.#names.has(name) ||
      this.#config.apps.some((app) =>
        [...this.#options.states(app.name).values()].flat().some(({ spec }) =>
          hostOf(spec.address).includes(name)
        )
      );
  }
}

function hostOf(address: TargetAddress): string[] {
  return address.kind === "unix" ? [] : [address.host];
}
