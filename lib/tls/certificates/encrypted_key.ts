import { loadCrypto } from "../_runtime_tls.ts";
import { privateKeyIn } from "./pem.ts";

/** A key that cannot be decrypted. */
export class EncryptedKeyError extends Error {
  override readonly name = "EncryptedKeyError";
}

/** How to encrypt a key so that this runtime can decrypt it. */
const REMEDY = `"openssl pkcs8 -topk8 -v2 aes-256-cbc" writes one that this runtime can decrypt`;

/** Whether the first private key of a text is encrypted. */
export function isEncrypted(text: string): boolean {
  const found = privateKeyIn(text);
  return typeof found !== "string" && /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(found.pem);
}

/**
 * Returns the key decrypted; an unencrypted one unchanged.
 *
 * @throws {EncryptedKeyError} when it cannot be decrypted; no message contains the passphrase.
 */
export async function decryptKey(text: string, passphrase: string | undefined): Promise<string> {
  const found = privateKeyIn(text);
  if (typeof found === "string" || !isEncrypted(text)) return text;
  if (passphrase === undefined) {
    throw new EncryptedKeyError(
      `the key is encrypted: name the file of its passphrase in "key_passphrase_file"`,
    );
  }
  const { createPrivateKey } = await loadCrypto();
  try {
    return String(createPrivateKey({ key: found.pem, passphrase }).export({ type: "pkcs8", format: "pem" }));
  } catch {
    // The runtime's errors do not tell a wrong passphrase from an unknown cipher.
    throw new EncryptedKeyError(
      `the passphrase does not open the key: correct it, or encrypt the key anew (${REMEDY})`,
    );
  }
}
