import type { ReleaseFacts } from "./_release_facts.ts";

/** The Homebrew formula of a release: the executables themselves, with completions that they print. */
export function homebrewFormula(release: ReleaseFacts): string {
  const choice = (target: string): string => {
    const { url, sha256 } = release.asset(`tcpproxy-${target}`);
    return `      url "${url}"\n      sha256 "${sha256}"`;
  };
  return `# Written by tools/ship/release_files.ts.
class Tcpproxy < Formula
  desc "TCP proxy with health checks, limits, routing and live reload"
  homepage "${release.homepage}"
  version "${release.version}"
  license "MIT"

  on_macos do
    on_arm do
${choice("aarch64-apple-darwin")}
    end
    on_intel do
${choice("x86_64-apple-darwin")}
    end
  end

  on_linux do
    on_arm do
${choice("aarch64-unknown-linux-gnu")}
    end
    on_intel do
${choice("x86_64-unknown-linux-gnu")}
    end
  end

  def install
    executable = Dir["tcpproxy-*"].first
    chmod 0755, executable
    bin.install executable => "tcpproxy"
    generate_completions_from_executable(bin/"tcpproxy", "completions")
  end

  def caveats
    "The service reads #{etc}/tcpproxy/config.yaml; \\"tcpproxy init\\" writes one to begin with."
  end

  service do
    run [opt_bin/"tcpproxy", "-c", etc/"tcpproxy/config.yaml"]
    keep_alive true
    log_path var/"log/tcpproxy.log"
    error_log_path var/"log/tcpproxy.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/tcpproxy version")
    system bin/"tcpproxy", "init", "config.yaml"
    system bin/"tcpproxy", "check", "--quiet", "-c", "config.yaml"
  end
end
`;
}
