import type { ReleaseFacts } from "./_release_facts.ts";

/** The Scoop manifest of a release. Behind "#/" is the name that Scoop gives the file. */
export function scoopManifest(release: ReleaseFacts): string {
  const { homepage } = release;
  const choice = (target: string): { url: string; hash: string } => {
    const { url, sha256 } = release.asset(`tcpproxy-${target}.exe`);
    return { url: `${url}#/tcpproxy.exe`, hash: sha256 };
  };
  const update = (target: string): { url: string; hash: { url: string } } => ({
    url: `${homepage}/releases/download/v$version/tcpproxy-${target}.exe#/tcpproxy.exe`,
    hash: { url: "$baseurl/SHA256SUMS" },
  });
  const manifest = {
    version: release.version,
    description: "TCP proxy with health checks, limits, routing and live reload",
    homepage,
    license: "MIT",
    architecture: {
      "64bit": choice("x86_64-pc-windows-msvc"),
      arm64: choice("aarch64-pc-windows-msvc"),
    },
    bin: "tcpproxy.exe",
    checkver: { github: homepage },
    autoupdate: {
      architecture: {
        "64bit": update("x86_64-pc-windows-msvc"),
        arm64: update("aarch64-pc-windows-msvc"),
      },
    },
  };
  return `${JSON.stringify(manifest, undefined, 4)}\n`;
}
