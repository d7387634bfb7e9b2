/**
 * Numbers of the Linux ABI that the bindings use; the same on x86-64 and arm64.
 *
 * @module
 */

/** Address families (`socket(2)`). */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Socket type and flags (`socket(2)`). */
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

/** Levels and options (`socket(7)`, `tcp(7)`, `ipv6(7)`). */
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_TYPE = 3;
export const SO_ERROR = 4;
export const SO_KEEPALIVE = 9;
export const SO_LINGER = 13;
export const SO_BINDTODEVICE = 25;
export const SO_ACCEPTCONN = 30;
export const SO_MARK = 36;
export const SO_PROTOCOL = 38;
export const SO_DOMAIN = 39;
export const SO_COOKIE = 57;
export const IPPROTO_IP = 0;
export const IP_TOS = 1;
export const IP_TRANSPARENT = 19;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_INFO = 11;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;
export const TCP_FASTOPEN_CONNECT = 30;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const IPV6_TCLASS = 67;
export const IPV6_TRANSPARENT = 75;
export const IPPROTO_MPTCP = 262;

/** States of a connection that is being made, or is over (`tcp(7)`, `tcpi_state`). */
export const TCP_SYN_SENT = 2;
export const TCP_CLOSE = 7;

/** How to shut down (`shutdown(2)`). */
export const SHUT_WR = 1;

/** Fails with EPIPE instead of raising SIGPIPE (`send(2)`). */
export const MSG_NOSIGNAL = 0x4000;

/** Duplicates a descriptor that a new program does not inherit (`fcntl(2)`). */
export const F_DUPFD_CLOEXEC = 1030;

/** Sets the size of a pipe (`fcntl(2)`, `pipe(7)`). */
export const F_SETPIPE_SZ = 1031;

/** Moves pages where it can, and does not wait for the pipe (`splice(2)`). */
export const SPLICE_F_MOVE = 1;
export const SPLICE_F_NONBLOCK = 2;

/** Flags of descriptors and of what they stand for (`fcntl(2)`). */
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const FD_CLOEXEC = 1;

/** Asks for a program that has ended, and waits for none (`waitpid(2)`). */
export const WNOHANG = 1;

/** Signals that end a program (`signal(7)`). */
export const SIGKILL = 9;
export const SIGTERM = 15;

/** Bytes in the send queue that the peer has not acknowledged (`tcp(7)`, SIOCOUTQ). */
export const SIOCOUTQ = 0x5411n;

/** The limit on file descriptors (`getrlimit(2)`). */
export const RLIMIT_NOFILE = 7;

/** Flags of `eventfd(2)`. */
export const EFD_NONBLOCK = SOCK_NONBLOCK;
export const EFD_CLOEXEC = SOCK_CLOEXEC;

/** Operations and events of `epoll_ctl(2)`. */
export const EPOLL_CLOEXEC = SOCK_CLOEXEC;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLET = 0x80000000;
