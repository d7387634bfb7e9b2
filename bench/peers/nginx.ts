import type { Child } from "../system/child.ts";
import type { Lab } from "../system/lab.ts";
import type { Peer, Plan } from "../peer.ts";
import { maxOpenFiles } from "../system/proc.ts";
import {
  findStreamModule,
  missingPrograms,
  notInstalled,
  programPath,
  versionLine,
} from "../system/programs.ts";

/** nginx with its stream module. */
export const nginxStream: Peer = {
  id: "nginx",
  title: "nginx stream",
  inCurves: true,
  missing: () => missingPrograms(["nginx", "nginx-stream"]).map(notInstalled)[0],
  version: () => versionLine("nginx", "-v"),
  start,
};

async function start(lab: Lab, plan: Plan): Promise<Child[]> {
  const name = lab.uniqueName("nginx");
  const config = await lab.write(`${name}.conf`, nginxConfig(plan, `${lab.dir}/${name}.pid`));
  return [lab.start(programPath("nginx"), { args: ["-p", lab.dir, "-e", "stderr", "-c", config] })];
}

/** The config of a plan. */
export function nginxConfig(plan: Plan, pidFile: string): string {
  const files = maxOpenFiles();
  const servers = plan.forwards.map((forward, index) =>
    `  upstream app${index} {
${forward.targets.map((target) => `    server ${target};`).join("\n")}
  }
  server {
${forward.listen.map((port) => `    listen 127.0.0.1:${port} backlog=4096;`).join("\n")}
    proxy_pass app${index};
  }`
  );
  return `load_module ${findStreamModule()};
daemon off;
pid ${pidFile};
error_log stderr error;
worker_processes ${plan.threads};
worker_rlimit_nofile ${files};
events { worker_connections ${files}; }
stream {
  access_log off;
  proxy_connect_timeout 5s;
  proxy_timeout 1h;
${servers.join("\n")}
}
`;
}
