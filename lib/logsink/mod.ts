/** Logs that go to a syslog server or to the systemd journal. */
export { LOCAL_SOCKETS, type LogSink, MAX_RETRY_MS, openLogSink } from "./open.ts";
export { DatagramDestination, type DatagramDestinationOptions } from "./datagram_destination.ts";
export { StreamDestination } from "./stream_destination.ts";
export { type LogServerProblem, logServerProblem } from "./server_check.ts";
export { LogServerError } from "./server_error.ts";
