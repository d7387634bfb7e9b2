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
  /** In place of `days`: from the beginning of one year to that of another. Needs an `issuer`. */
  readonly years?: readonly [from: number, to: number];
  /** Default false. */
  readonly isCa?: boolean;
  /** The version of X.509: 1 has neither extensions nor names but the subject. Default 3. */
  readonly version?: 1 | 3;
  /** openssl's key option, `rsa:2048` or `ec -pkeyopt ec_paramgen_curve:P-384`; default P-256. */
  readonly newKey?: string;
}

interface Issue {
  readonly years: readonly [number, number];
  readonly issuer: TestCertificate;
  readonly extensions: string;
  readonly request: string;
  readonly certFile: string;
  readonly keyFile: string;
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
    const { years } = options;
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
    if (years !== undefined && issuer !== undefined) {
      return this.#issue({ years, issuer, extensions, request, certFile, keyFile });
    }
    const serial = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    const how = ["-days", String(days), "-set_serial", String(serial)];
    const isNew = options.version !== 1;
    openssl(
      "x509",
      "-req",
      "-in",
      request,
      ...signer,
      ...how,
      ...isNew ? ["-extfile", extensions] : [],
      "-out",
      certFile,
    );
    return read(certFile, keyFile);
  }

  /** Only this command of openssl, which wants a register for it, takes dates. */
  #issue({ years, issuer, extensions, request, certFile, keyFile }: Issue): TestCertificate {
    const register = this.write("register.txt", "");
    const serial = this.write("serial", `${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}\n`);
    const config = this.write(
      "ca.cnf",
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${register}\nserial=${serial}\nnew_certs_dir=${this.path}\n` +
        "default_md=sha256\npolicy=any\n[any]\ncommonName=optional\n",
    );
    const by = ["-cert", issuer.certFile, "-keyfile", issuer.keyFile];
    const [from, to] = years.map((year) => `${year}0101000000Z`);
    const when = ["-startdate", from ?? "", "-enddate", to ?? ""];
    const what = ["-in", request, "-out", certFile, "-extfile", extensions, "-notext"];
    openssl("ca", "-batch", "-config", config, ...by, ...when, ...what);
    return read(certFile, keyFile);
  }

  /** Encrypts a certificate's key, and gives its text and file; `how` is openssl's further options. */
  lock(
    { keyFile }: TestCertificate,
    passphrase: string,
    how: readonly string[] = ["pkcs8", "-topk8", "-v2", "aes-256-cbc"],
  ): { readonly key: string; readonly keyFile: string } {
    const [command = "pkcs8", ...more] = how;
    const locked = `${keyFile}.locked`;
    openssl(command, ...more, "-in", keyFile, "-out", locked, "-passout", `pass:${passphrase}`);
    return { key: Deno.readTextFileSync(locked), keyFile: locked };
  }

  /** Makes a revocation list of a CA, and gives its file; `extensions` are lines of openssl's configuration. */
  revoke(
    name: string,
    ca: TestCertificate,
    revoked: readonly TestCertificate[],
    { until = "20991231235959Z", extensions = "" }: { until?: string; extensions?: string } = {},
  ): { readonly pem: string; readonly file: string } {
    const register = this.write(`${name}.register.txt`, "");
    const config = this.write(
      `${name}.cnf`,
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${register}\ndefault_md=sha256\n` +
        (extensions === "" ? "" : `crl_extensions=more\n[more]\n${extensions}\n`),
    );
    const by = ["-config", config, "-cert", ca.certFile, "-keyfile", ca.keyFile];
    for (const { certFile } of revoked) openssl("ca", ...by, "-revoke", certFile);
    const file = `${this.path}/${name}.crl.pem`;
    const times = ["-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", until];
    openssl("ca", ...by, "-gencrl", ...times, "-out", file);
    return { pem: Deno.readTextFileSync(file), file };
  }

  /** Writes a file into the folder and gives its path. */
  write(name: string, text: string): string {
    const path = `${this.path}/${name}`;
    Deno.writeTextFileSync(path, text);
    return path;
  }
}

function read(certFile: string, keyFile: string): TestCertificate {
  const [cert, key] = [Deno.readTextFileSync(certFile), Deno.readTextFileSync(keyFile)];
  return { cert, key, certFile, keyFile };
}

/** In PEM, what is no certificate: a peer may send it along with its own. */
export const JUNK_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";

/** Runs openssl to its end; what it prints is the result. */
export function openssl(...args: readonly string[]): string {
  const { success, stdout, stderr } = new Deno.Command("openssl", { args: [...args] }).outputSync();
  if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
