import fc from "fast-check";

/** Words of HAProxy's configs, and some that it does not have. */
const HAPROXY_WORDS =
  ("global defaults frontend backend listen resolvers peers from mode tcp http bind server " +
    "server-template default-server balance roundrobin leastconn source hash first random random(1) req.ssl_sni src timeout " +
    "connect client tunnel check 5s 100 1h 0 * *:443 :::80 [::1]:9 10.0.0.1:80 10.0.0.1 a.b:1 /run/x unix@/x abns@y ssl crt " +
    "a.pem ca-file verify none required alpn h2 accept-proxy send-proxy send-proxy-v2 weight backup disabled maxconn inter " +
    "rise fall port slowstart observe layer4 acl use_backend default_backend if unless { } ! or || -m end beg -i -f x " +
    ".example.com example.com tcp-request connection content reject accept inspect-delay track-sc0 sc0_conn_cur " +
    "sc0_conn_rate gt ge option httpchk tcp-check send expect string rstring redis-check GET / stick-table stick on type ip " +
    "store conn_rate(10s) log local0 127.0.0.1 /dev/log stats socket enable nbthread nameserver hold valid no retries " +
    'rate-limit sessions disabled %[x] "a b" \'c d\' \\ \\# "${A}" "${B-c}" # ,').split(" ");

/** Words of nginx's configs, and some that it does not have. */
const NGINX_WORDS =
  ("stream http events server upstream map { } ; listen proxy_pass proxy_timeout 5s 1h 0 443 127.0.0.1:80 " +
    "[::]:443 unix:/run/x 80-90 ssl udp proxy_protocol on off ssl_preread $ssl_preread_server_name $x ${x} hostnames " +
    "default .example.com *.example.com a.example.com ~^x$ allow deny all 10.0.0.0/8 10.0.0.1/8 limit_conn limit_conn_zone " +
    "zone=a:1m $binary_remote_addr a least_conn random two hash consistent weight=3 max_conns=5 max_fails=0 fail_timeout=1s " +
    "backup down resolve resolver valid=1s ssl_certificate ssl_certificate_key a.pem proxy_ssl proxy_ssl_verify access_log " +
    "/var/log/x syslog:server=a include js_import return proxy_upload_rate 1k \"a b\" 'c' \\ # worker_processes auto")
    .split(" ");

/** Texts that look like a config of HAProxy. */
export const haproxyTexts: fc.Arbitrary<string> = linesOf(HAPROXY_WORDS);

/** Texts that look like a config of nginx. */
export const nginxTexts: fc.Arbitrary<string> = linesOf(NGINX_WORDS);

function linesOf(words: readonly string[]): fc.Arbitrary<string> {
  const word = fc.constantFrom(...words);
  return fc.array(fc.array(word, { maxLength: 9 }).map((words) => words.join(" ")), { maxLength: 30 })
    .map((lines) => lines.join("\n"));
}
