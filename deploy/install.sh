#!/bin/sh
# Installs tcpproxy: downloads the executable of a release for this system, verifies its checksum, tries it, and only then
# puts it in place. What is already installed stays until then, whatever fails.
#
#   curl -fsSL https://github.com/OWNER/tcpproxy/releases/latest/download/install.sh | sh
#   sh install.sh --version 1.2.3 --dir ~/bin
#
# TCPPROXY_REPOSITORY (OWNER/NAME) and TCPPROXY_RELEASES (an address with latest/download/ and download/vVERSION/ below it)
# name another place to download from.
set -eu

# The release fills this in.
REPOSITORY=''

usage() {
    cat <<USAGE
Install tcpproxy.

Usage: install.sh [--version VERSION] [--dir DIR]

  --version VERSION  The release, such as 1.2.3; default the latest
  --dir DIR          Where the executable goes; default /usr/local/bin if you may write it, else ~/.local/bin
  --help             Show this
USAGE
}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# The target of this machine, as release files are named.
detect_target() {
    system=$(uname -s)
    machine=$(uname -m)
    # A shell under Rosetta says x86_64 on an ARM64 Mac.
    if [ "$system" = Darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || true)" = 1 ]; then
        machine=arm64
    fi
    case $machine in
    x86_64 | amd64) processor=x86_64 ;;
    aarch64 | arm64) processor=aarch64 ;;
    *) fail "there is no executable for the processor $machine; expected x86_64 or arm64" ;;
    esac
    case $system in
    Linux)
        if is_musl; then
            fail 'there is no executable for musl (Alpine); use the container image, or a system with glibc'
        fi
        echo "$processor-unknown-linux-gnu"
        ;;
    Darwin) echo "$processor-apple-darwin" ;;
    *) fail "there is no executable for $system; expected Linux or macOS (on Windows, use Scoop)" ;;
    esac
}

is_musl() {
    { ldd --version 2>&1 || true; } | grep -qi musl
}

# download URL FILE: an error or a connection that ends early leaves no file that could be taken for whole.
download() {
    if has curl; then
        curl --fail --silent --show-error --location --retry 2 --connect-timeout 20 --output "$2" "$1"
    else
        wget --quiet --tries=3 --timeout=20 --output-document="$2" "$1"
    fi || fail "download $1: failed; check the address and the network, then try again"
}

# The checksum of a file, in hexadecimal.
checksum() {
    if has sha256sum; then
        sha256sum <"$1" | cut -d ' ' -f 1
    elif has shasum; then
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    else
        openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1
    fi
}

verify() {
    expected=$(awk -v name="$2" '$2 == name || $2 == "*" name { print $1 }' "$3")
    case $expected in
    '') fail "SHA256SUMS has no line for $2; nothing was installed" ;;
    *[!0-9a-f]*) fail "SHA256SUMS has no valid checksum for $2; nothing was installed" ;;
    esac
    actual=$(checksum "$1")
    if [ "$actual" != "$expected" ]; then
        fail "the checksum of $2 is $actual; expected $expected; nothing was installed"
    fi
}

default_dir() {
    if [ -d /usr/local/bin ] && [ -w /usr/local/bin ]; then
        echo /usr/local/bin
    else
        echo "${HOME:?set HOME, or use --dir}/.local/bin"
    fi
}

main() {
    version=
    dir=
    while [ $# -gt 0 ]; do
        case $1 in
        --version | --dir)
            if [ $# -lt 2 ]; then fail "$1 needs a value"; fi
            if [ "$1" = --version ]; then version=${2#v}; else dir=$2; fi
            shift 2
            ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) fail "unknown argument \"$1\"; expected --version, --dir or --help" ;;
        esac
    done

    if ! has curl && ! has wget; then fail 'there is neither curl nor wget; install one of them'; fi
    if ! has sha256sum && ! has shasum && ! has openssl; then
        fail 'there is nothing to verify checksums with; install sha256sum, shasum or openssl'
    fi
    repository=${TCPPROXY_REPOSITORY:-$REPOSITORY}
    if [ -z "${TCPPROXY_RELEASES:-}" ] && [ -z "$repository" ]; then
        fail 'this copy is of no release; set TCPPROXY_REPOSITORY to OWNER/NAME'
    fi
    releases=${TCPPROXY_RELEASES:-https://github.com/$repository/releases}
    if [ -n "$version" ]; then from=$releases/download/v$version; else from=$releases/latest/download; fi
    target=$(detect_target)
    file=tcpproxy-$target
    dir=${dir:-$(default_dir)}
    mkdir -p "$dir"

    # In the same folder, so that the last step is one rename.
    work=$(mktemp -d "$dir/.tcpproxy-install.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    printf 'Downloading %s\n' "$from/$file"
    download "$from/SHA256SUMS" "$work/SHA256SUMS"
    download "$from/$file" "$work/tcpproxy"
    verify "$work/tcpproxy" "$file" "$work/SHA256SUMS"
    chmod 755 "$work/tcpproxy"
    installed=$("$work/tcpproxy" version) || fail 'the executable does not run on this system; nothing was installed'
    mv -f "$work/tcpproxy" "$dir/tcpproxy"

    printf 'Installed %s as %s\n' "$installed" "$dir/tcpproxy"
    case ":$PATH:" in
    *":$dir:"*) ;;
    *) printf 'Add %s to your PATH.\n' "$dir" ;;
    esac
    printf 'Try: tcpproxy demo\n'
}

# The last line, so that a script that arrived in part does nothing.
main "$@"
