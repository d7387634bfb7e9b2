import { assertEquals, assertStrictEquals } from "@std/assert";
import { formatPath } from "../../lib/config/mod.ts";
import type { ReloadResult } from "../../lib/proxy/mod.ts";
import { utf8 } from "../helpers/bytes.ts";
import type { TestCertificate } from "../helpers/tls/certificates.ts";
import { exchange, readExactly, writeAll } from "../helpers/clients.ts";
import { type StartPlane, type TestPlane, withPlane } from "../helpers/proxy/plane.ts";
import { assertShown, renew, SPREAD } from "../helpers/tls/renewal.ts";
import { echo, TestTarget } from "../helpers/targets.ts";
import { runSClient } from "../helpers/tls/tls.ts";
import { originating, terminating, testTls } from "../helpers/tls/tls_app.ts";
import { connectTls } from "../helpers/tls/tls_client.ts";
import { tlsTarget } from "../helpers/tls/tls_target.ts";

/** What a caller that reloads a proxy may rely on, in how many threads it may run. No plane deviates. */
export function testReloadContract(name: string, start: StartPlane): void {
  testTls(
    `${name}.reload: new certificates are shown, and a connection that is open goes on`,
    async (lab) => {
      await using target = new TestTarget(echo);
      const app = { name: "a", ...terminating(lab), targets: [target.address] };
      await withPlane(start, { apps: [app] }, async (plane) => {
        const { conn } = await connectTls(plane.port, { ca: lab.ca.cert });
        using open = conn;
        await pass(open);
        const next = renew(lab);
        await assertShown(plane.port, lab.ca);
        const result = await plane.control.reload();
        await assertShown(plane.port, next);
        await pass(open);
        assertEquals(said(result), [
          `a: ${lab.local.certFile} valid for 40 days, ${lab.local.keyFile}`,
        ]);
        assertEquals(said(await plane.control.reload()), ["a: nothing"]);
        await assertShown(plane.port, next);
        assertStrictEquals(await exchanged(open), "hello");
        assertStrictEquals(plane.control.listeners().length, 1);
      });
    },
  );

  testTls(`${name}.reload: what is bad is said, and no app gets anything new`, async (lab) => {
    await using target = new TestTarget(echo);
    const other = lab.folder.make("other", { altNames: "DNS:localhost", issuer: lab.ca });
    const { certFile: cert, keyFile: key } = other;
    const apps = [
      { name: "a", ...terminating(lab), targets: [target.address] },
      { name: "b", tls: { certificates: [{ cert, key }] }, targets: [target.address] },
    ];
    await withPlane(start, { apps }, async (plane) => {
      renew(lab);
      const at = "apps[1].tls.certificates[0]";
      const cases: readonly (readonly [spoil: () => void, problem: string])[] = [
        [
          () => lab.folder.write("other.key", lab.folder.make("third").key),
          `b ${key} ${at}.key: the key does not match the certificate`,
        ],
        [
          () => lab.folder.write("other.pem", other.cert.slice(0, -100)),
          `b ${cert} ${at}.cert: certificate 1 is cut off; expected a PEM certificate`,
        ],
        [
          () => lab.folder.write("other.pem", ""),
          `b ${cert} ${at}.cert: the file is empty; expected a PEM certificate`,
        ],
        [
          () => Deno.removeSync(cert),
          `b ${cert} ${at}.cert: the file "${cert}" does not exist; expected a file in PEM`,
        ],
        [
          () => void lab.folder.make("other", { issuer: lab.ca, days: -1 }),
          `b ${cert} ${at}.cert: the certificate "CN=other" expired on ${day(-1)}; renew it`,
        ],
      ];
      for (const [spoil, problem] of cases) {
        spoil();
        assertEquals(said(await plane.control.reload()), [problem]);
        await assertShown(plane.port, lab.ca);
        lab.folder.write("other.pem", other.cert);
        lab.folder.write("other.key", other.key);
      }
      const result = await plane.control.reload();
      assertStrictEquals(result.kind, "done");
      assertEquals(said(result).slice(1), ["b: nothing"]);
    });
  });

  testTls(
    `${name}.reload: of a client CA that is taken away nobody gets in, not with a session either`,
    async (lab) => {
      await using target = new TestTarget(answerOnce);
      const ca = lab.folder.make("clients", { isCa: true });
      const [before, session] = [lab.folder.make("before", { issuer: ca }), `${lab.folder.path}/session`];
      const app = { name: "a", ...terminating(lab, { client_ca: ca.certFile }), targets: [target.address] };
      await withPlane(start, { apps: [app] }, async (plane) => {
        const visit = (...args: readonly string[]): Promise<boolean> => isServed(plane, args);
        const shown = (
          { certFile, keyFile }: TestCertificate,
        ): string[] => ["-cert", certFile, "-key", keyFile];
        for (const version of ["-tls1_2", "-tls1_3"]) {
          assertStrictEquals(await visit(version, ...shown(before), "-sess_out", session + version), true);
        }
        const next = lab.folder.make("clients", { isCa: true });
        const after = lab.folder.make("after", { issuer: next });
        assertEquals(said(await plane.control.reload()), [`a: ${ca.certFile}`]);
        for (const version of ["-tls1_2", "-tls1_3"]) {
          // Whichever thread has given it the session.
          for (let times = 0; times < 4; times++) {
            assertStrictEquals(await visit(version, "-sess_in", session + version), false);
          }
          assertStrictEquals(await visit(version, ...shown(before)), false);
          assertStrictEquals(await visit(version, ...shown(after)), true);
        }
      });
    },
  );

  testTls(`${name}.reload: targets are spoken to with the new files, and known by them`, async (lab) => {
    const ours = lab.folder.make("ours", { issuer: lab.ca });
    const { target, names } = tlsTarget(await lab.terminator({ clientCa: lab.ca.cert }));
    await using old = target;
    const next = lab.folder.make("next-ca", { isCa: true });
    const certificate = lab.folder.make("next", { altNames: "DNS:localhost", issuer: next });
    const nextTarget = tlsTarget(
      await lab.terminator({ certificates: [{ ...certificate, origin: "next" }], clientCa: next.cert }),
    ).target;
    await using _next = nextTarget;
    const trusted = lab.folder.write("trusted.pem", lab.ca.cert);
    const files = { ca: trusted, cert: ours.certFile, key: ours.keyFile };
    const app = {
      name: "a",
      ...originating(lab, files),
      targets: [old.address, nextTarget.address],
      balance: "first",
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      using open = await plane.connect();
      await pass(open);
      lab.folder.write("trusted.pem", next.cert);
      lab.folder.make("ours", { issuer: next });
      assertEquals(said(await plane.control.reload()), [
        `a: ${trusted}, ${ours.certFile} valid for 30 days, ${ours.keyFile}`,
      ]);
      await Promise.all(Array.from({ length: SPREAD }, async () => {
        using client = await plane.connect();
        assertEquals(await exchange(client, utf8("hello")), utf8("hello"));
      }));
      const sessions = await plane.log.ended(SPREAD);
      assertEquals(sessions.map(({ target }) => target?.label), Array(SPREAD).fill(nextTarget.address));
      assertStrictEquals(await exchanged(open), "hello");
      assertEquals(names, ["localhost"]);
    });
  });

  testTls(`${name}.reload: health checks use the new files, and what they had found stays`, async (lab) => {
    const up = tlsTarget(await lab.terminator()).target;
    await using _up = up;
    const next = lab.folder.make("next-ca", { isCa: true });
    const certificate = lab.folder.make("next", { altNames: "DNS:localhost", issuer: next });
    const down =
      tlsTarget(await lab.terminator({ certificates: [{ ...certificate, origin: "next" }] })).target;
    await using _down = down;
    const trusted = lab.folder.write("trusted.pem", lab.ca.cert);
    const app = {
      name: "a",
      ...originating(lab, { ca: trusted }),
      targets: [up.address, down.address],
      "health_check": { interval: "300ms", timeout: "300ms", rise: 1, fall: 2, tls: true },
    };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const reported = (count: number): Promise<void> =>
        plane.log.when(() => plane.log.targetChanges.length >= count);
      await reported(1);
      lab.folder.write("trusted.pem", lab.ca.cert + next.cert);
      assertStrictEquals((await plane.control.reload()).kind, "done");
      await reported(2);
      assertEquals(plane.log.targetChanges, [`a ${down.address} down`, `a ${down.address} up`]);
    });
  });

  testTls(
    `${name}.reload: who asks while one runs gets one that sees what they have changed`,
    async (lab) => {
      await using target = new TestTarget(echo);
      const app = { name: "a", ...terminating(lab), targets: [target.address] };
      await withPlane(start, { apps: [app] }, async (plane) => {
        const first = plane.control.reload();
        const next = renew(lab);
        const others = await Promise.all(Array.from({ length: 5 }, () => plane.control.reload()));
        await assertShown(plane.port, next);
        assertEquals(new Set(others).size, 1);
        const kinds = [await first, ...others].map(({ kind }) => kind);
        // The first may have read the files while they were written.
        assertEquals(kinds.slice(1), Array(5).fill("done"));
      });
    },
  );

  testTls(`${name}.reload: while it drains, and when it has ended, a reload does no harm`, async (lab) => {
    await using target = new TestTarget(echo);
    const app = { name: "a", ...terminating(lab), targets: [target.address] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const { conn } = await connectTls(plane.port, { ca: lab.ca.cert });
      using open = conn;
      await pass(open);
      const drained = plane.control.drain();
      renew(lab);
      assertStrictEquals((await plane.control.reload()).kind, "done");
      assertStrictEquals(await exchanged(open), "hello");
      await drained;
      assertEquals(said(await plane.control.reload()), ["a: nothing"]);
      renew(lab);
      assertStrictEquals((await plane.control.reload()).kind, "done");
      await plane.control.stop();
    });
  });

  testTls(`${name}.reload: a folder whose link is turned is read where it leads now`, async (lab) => {
    await using target = new TestTarget(echo);
    const { path } = lab.folder;
    const put = (folder: string, { cert, key }: TestCertificate): void => {
      Deno.mkdirSync(`${path}/${folder}`);
      lab.folder.write(`${folder}/tls.crt`, cert);
      lab.folder.write(`${folder}/tls.key`, key);
      Deno.chmodSync(`${path}/${folder}/tls.key`, 0o600);
    };
    // As Kubernetes mounts a secret: files are links through a link, which alone is changed, and at once.
    put("..first", lab.local);
    Deno.symlinkSync("..first", `${path}/..data`);
    for (const file of ["tls.crt", "tls.key"]) Deno.symlinkSync(`..data/${file}`, `${path}/${file}`);
    const certificates = [{ cert: `${path}/tls.crt`, key: `${path}/tls.key` }];
    const app = { name: "a", tls: { certificates }, targets: [target.address] };
    await withPlane(start, { apps: [app] }, async (plane) => {
      const next = lab.folder.make("next-ca", { isCa: true });
      put("..second", lab.folder.make("next", { altNames: "DNS:localhost", issuer: next }));
      Deno.symlinkSync("..second", `${path}/..data_tmp`);
      Deno.renameSync(`${path}/..data_tmp`, `${path}/..data`);
      assertEquals(said(await plane.control.reload()), [
        `a: ${path}/tls.crt valid for 30 days, ${path}/tls.key`,
      ]);
      await assertShown(plane.port, next);
    });
  });

  Deno.test(`${name}.reload: apps without files have nothing to reload`, async () => {
    await withPlane(start, { apps: [{ targets: ["127.0.0.1:1"] }] }, async (plane) => {
      assertEquals(said(await plane.control.reload()), []);
    });
  });
}

/** Sends something through a connection that stays open, and reads it back. */
async function pass(conn: Deno.Conn): Promise<void> {
  await writeAll(conn, utf8("still here"));
  assertEquals(await readExactly(conn, 10), utf8("still here"));
}

async function exchanged(conn: Deno.Conn): Promise<string> {
  return new TextDecoder().decode(await exchange(conn, utf8("hello")));
}

/** Sends back what comes first, and ends. */
async function answerOnce(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64);
  await writeAll(conn, buffer.subarray(0, await conn.read(buffer) ?? 0));
}

/** Whether an `openssl s_client` with these arguments gets an answer. */
async function isServed(plane: TestPlane, args: readonly string[]): Promise<boolean> {
  const { stdout } = await runSClient(plane.port, { args: ["-ign_eof", ...args], input: "hello\n" });
  // Beside it stands what openssl has to say of tickets.
  return stdout.includes("hello");
}

/** A result in words: each app with what is new, or each problem. */
function said(result: ReloadResult): string[] {
  if (result.kind === "refused") {
    return result.problems.map(({ app, file, path, message }) =>
      `${app} ${file} ${formatPath(path)}: ${message}`
    );
  }
  assertEquals(result.warnings, []);
  return result.apps.map(({ app, files }) => {
    const all = files.map(({ file, validToMs }) =>
      validToMs === undefined
        ? file
        : `${file} valid for ${Math.round((validToMs - Date.now()) / DAY_MS)} days`
    );
    return `${app}: ${all.join(", ") || "nothing"}`;
  });
}

const DAY_MS = 86_400_000;

/** The date so many days from now. */
function day(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}
