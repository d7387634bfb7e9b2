import { errorMessage } from "../base/mod.ts";
import { loadCrypto } from "./_engine.ts";
import { privateKeyIn } from "./_pem.ts";

/** A key that stays shut. */
export class LockedKeyError extends Error {
  override readonly name = "LockedKeyError";
}

/** What this runtime can decrypt, for those that it cannot. */
const REMEDY = `"openssl pkcs8 -topk8 -v2 aes-256-cbc" writes one that this runtime can decrypt`;

/** Whether the first private key of a text is encrypted. */
export function isLocked(text: string): boolean {
  const found = privateKeyIn(text);
  return typeof found !== "string" && /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(found.pem);
}

/**
 * The text of a key without its passphrase; a text whose key has none as it is.
 *
 * @throws {LockedKeyError} when it cannot be decrypted; the passphrase is in no message.
 */
export async function unlockKey(text: string, passphrase: string | undefined): Promise<string> {
  const found = privateKeyIn(text);
  if (typeof found === "string" || !isLocked(text)) return text;
  if (passphrase === undefined) {
    throw new LockedKeyError(
      `the key is encrypted: name the file of its passphrase in "key_passphrase_file"`,
    );
  }
  const { createPrivateKey } = await loadCrypto();
  try {
    return String(createPrivateKey({ key: found.pem, passphrase }).export({ type: "pkcs8", format: "pem" }));
  } catch (cause) {
    const why = errorMessage(cause);
    throw new LockedKeyError(
      /bad decrypt/i.test(why)
        ? `the passphrase does not open the key: correct it, or encrypt the key in another way (${REMEDY})`
        : `the key cannot be decrypted (${why}): ${REMEDY}`,
    );
  }
}
