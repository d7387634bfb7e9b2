/** A certificate and its key, as text and as files. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** How a certificate is made. */
export interface MakeOptions {
  /** Default a CN that is the name of its files. */
  readonly subject?: string;
  /** `DNS:a.example,IP:192.0.2.1`; default none. */
  readonly altNames?: string;
  /** Default: it signs itself. */
  readonly issuer?: TestCertificate;
  /** Default 30; a negative number makes one that has expired. */
  readonly days?: number;
  /** Default false. */
  readonly isCa?: boolean;
  /** What openssl is told of the key, `rsa:2048` or `ec -pkeyopt ec_paramgen_curve:P-384`; default P-256. */
  readonly newKey?: string;
}

const P256 = "ec -pkeyopt ec_paramgen_curve:P-256";

/** A folder of certificates that openssl makes, removed with the object. */
export class CertificateFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "certificates-" });

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }

  /** Makes a certificate and its key. */
  make(name: string, options: MakeOptions = {}): TestCertificate {
    const { subject = `/CN=${name}`, altNames, issuer, days = 30, isCa = false, newKey = P256 } = options;
    const certFile = `${this.path}/${name}.pem`;
    const keyFile = `${this.path}/${name}.key`;
    const extensions = this.write(
      `${name}.ext`,
      `basicConstraints=${isCa ? "critical,CA:TRUE" : "CA:FALSE"}\n` +
        (altNames === undefined ? "" : `subjectAltName=${altNames}\n`),
    );
    const request = `${this.path}/${name}.csr`;
    const key = ["-newkey", ...newKey.split(" "), "-nodes", "-keyout", keyFile];
    openssl("req", ...key, "-subj", subject, "-out", request);
    const signer = issuer === undefined
      ? ["-signkey", keyFile]
      : ["-CA", issuer.certFile, "-CAkey", issuer.keyFile];
    const serial = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    const how = ["-days", String(days), "-set_serial", String(serial), "-extfile", extensions];
    openssl("x509", "-req", "-in", request, ...signer, ...how, "-out", certFile);
    return {
      cert: Deno.readTextFileSync(certFile),
      key: Deno.readTextFileSync(keyFile),
      certFile,
      keyFile,
    };
  }

  /** Writes a file into the folder and gives its path. */
  write(name: string, text: string): string {
    const path = `${this.path}/${name}`;
    Deno.writeTextFileSync(path, text);
    return path;
  }
}

/** Runs openssl to its end; what it prints is the result. */
export function openssl(...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command("openssl", { args: [...args] }).outputSync();
  if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
