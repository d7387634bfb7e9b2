/** Whether this kernel can confine a native worker fully: it filters system calls, and its Landlock limits ports. */
export function canConfine(): boolean {
  if (Deno.build.os !== "linux" || !Deno.readTextFileSync("/proc/self/status").includes("Seccomp:")) {
    return false;
  }
  try {
    const libc = Deno.dlopen("libc.so.6", {
      syscall: { parameters: ["i64", "i64", "i64", "i64"], result: "i64" },
    });
    // landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), the same number everywhere.
    const version = libc.symbols.syscall(444n, 0n, 0n, 1n);
    libc.close();
    return version >= 4n;
  } catch {
    // Another C library.
    return false;
  }
}
