import { loadCrypto } from "./_engine.ts";
import { privateKeyIn } from "./_pem.ts";

/** A key that stays shut. */
export class LockedKeyError extends Error {
  override readonly name = "LockedKeyError";
}

/** What this runtime can decrypt. */
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
  } catch {
    // Of a wrong passphrase the runtime makes one error or another, and the same of a cipher that it does not know.
    throw new LockedKeyError(
      `the passphrase does not open the key: correct it, or encrypt the key anew (${REMEDY})`,
    );
  }
}
