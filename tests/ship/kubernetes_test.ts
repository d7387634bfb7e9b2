import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml/parse";
import { fileURLToPath } from "node:url";
import type * as z from "zod";
import manifest from "../../deno.json" with { type: "json" };
import { runCli } from "../../lib/cli/mod.ts";
import { type Config, loadConfig } from "../../lib/config/mod.ts";
import { IMAGE_USER } from "../../tools/ship/_image_files.ts";
import { CapturedIo } from "../helpers/fakes/captured_io.ts";
import { missingTools } from "../helpers/programs/tools.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import * as schema from "./kubernetes_schema.ts";

const FOLDER = new URL("../../deploy/kubernetes/", import.meta.url);

/**
 * Reads a manifest.
 *
 * @throws {z.ZodError} when it is not as its schema says.
 */
function read<S extends z.ZodType>(file: string, kind: S): z.infer<S> {
  return kind.parse(parse(Deno.readTextFileSync(new URL(file, FOLDER))));
}

const config = read("config.yaml", schema.configMap);
const deployment = read("deployment.yaml", schema.deployment);
const service = read("service.yaml", schema.service);
const targets = read("targets.yaml", schema.service);
const autoscaler = read("autoscaler.yaml", schema.autoscaler);
const budget = read("disruption-budget.yaml", schema.disruptionBudget);
const policy = read("network-policy.yaml", schema.networkPolicy);

const pod = deployment.spec.template;
const [container] = pod.spec.containers;

const TOKEN = "/etc/tcpproxy-admin/token";

/** The config of the ConfigMap as the program reads it, with a token in a file of the test's. */
async function loadedConfig(): Promise<Config> {
  await using folder = new TemporaryFolder();
  return await loadConfig(await writeConfig(folder));
}

async function writeConfig(folder: TemporaryFolder): Promise<string> {
  const token = await folder.write("token", "0123456789abcdef0123456789abcdef\n");
  // As the volume of the Deployment has it.
  if (Deno.build.os !== "windows") await Deno.chmod(token, 0o440);
  const text = config.data["config.yaml"]?.replace(TOKEN, token) ?? "";
  return await folder.write("config.yaml", text);
}

Deno.test("deploy/kubernetes: kustomization.yaml has every other file", () => {
  const { resources } = read("kustomization.yaml", schema.kustomization);
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
  assertEquals(resources.toSorted(), files.filter((name) => name !== "kustomization.yaml").toSorted());
});

Deno.test("deploy/kubernetes: the schema refuses a field that is misspelt or misplaced", () => {
  const text = Deno.readTextFileSync(new URL("deployment.yaml", FOLDER));
  for (
    const [right, wrong] of [
      ["readinessProbe:", "readynessProbe:"],
      ["      terminationGracePeriodSeconds: 60\n", ""],
      ["periodSeconds: 1\n", "periodSeconds: 1s\n"],
      ["runAsUser: 65532", "runAsUser: root"],
      ["type: RuntimeDefault", "type: Unconfined"],
    ] as const
  ) {
    assert(text.includes(right), right);
    assertEquals(schema.deployment.safeParse(parse(text.replace(right, wrong))).success, false, wrong);
  }
});

Deno.test("deploy/kubernetes: the config of the ConfigMap is valid, and reloads when the ConfigMap changes", async () => {
  await using folder = new TemporaryFolder();
  const path = await writeConfig(folder);
  const io = new CapturedIo();
  assertEquals([await runCli(["check", "--quiet", "-c", path], io), io.printed], [0, ""]);
  assertEquals((await loadConfig(path)).watch, true);
  // The folder is mounted, at the path that the arguments name.
  const mount = container.volumeMounts.find(({ name }) => name === "config");
  assertEquals(container.args, ["-c", `${mount?.mountPath}/config.yaml`]);
  assertEquals(Object.keys(config.data), ["config.yaml"]);
  assert(config.data["config.yaml"]?.includes(TOKEN));
  assert(TOKEN.startsWith(`${container.volumeMounts.find(({ name }) => name === "admin")?.mountPath}/`));
});

Deno.test("deploy/kubernetes: a pod has the time that the config gives a drain", async () => {
  const { shutdown } = await loadedConfig();
  assert(shutdown.delayMs > 0, "endpoints leave the service while the pod still accepts");
  assert(pod.spec.terminationGracePeriodSeconds * 1000 > shutdown.delayMs + shutdown.drainTimeoutMs);
});

Deno.test("deploy/kubernetes: ports of config, container, service and policy are the same", async () => {
  const loaded = await loadedConfig();
  const ports = new Map(container.ports.map(({ name, containerPort }) => [name, containerPort]));
  const listened = loaded.apps.flatMap((app) => app.ports);
  const admin = loaded.admin?.listen;
  assertEquals([...listened, admin?.kind === "tcp" ? admin.port : undefined], [...ports.values()]);
  for (const { targetPort } of service.spec.ports) assert(ports.has(String(targetPort)));
  for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
    assertEquals(probe.httpGet.port, "admin");
  }
  assertEquals(policy.spec.ingress.flatMap((rule) => rule.ports.map(({ port }) => port)), [...ports.keys()]);
  const dialed = targets.spec.ports.map(({ targetPort }) => targetPort);
  assertEquals(policy.spec.egress.at(-1)?.ports.map(({ port }) => port), dialed);
});

Deno.test("deploy/kubernetes: discovery asks for the headless service", async () => {
  const { apps: [app] } = await loadedConfig();
  const [{ name } = { name: "" }] = targets.spec.ports;
  assertEquals(targets.spec.clusterIP, "None");
  assertEquals(
    app?.targets.map(({ label }) => label),
    [`_${name}._tcp.${targets.metadata.name}.default.svc.cluster.local`],
  );
});

Deno.test("deploy/kubernetes: every selector finds the pods of the deployment, every reference what it names", () => {
  const { labels } = pod.metadata;
  for (
    const selected of [
      deployment.spec.selector.matchLabels,
      service.spec.selector,
      budget.spec.selector.matchLabels,
      policy.spec.podSelector.matchLabels,
      ...pod.spec.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels),
    ]
  ) assertEquals(selected, labels);
  assertEquals(policy.spec.egress.at(-1)?.to?.[0]?.podSelector.matchLabels, targets.spec.selector);
  const { apiVersion, kind, metadata: { name } } = deployment;
  assertEquals(autoscaler.spec.scaleTargetRef, { apiVersion, kind, name });
  assertEquals(
    container.volumeMounts.map((mount) => mount.name),
    pod.spec.volumes.map((volume) => volume.name),
  );
  const [source] = pod.spec.volumes;
  assert(source !== undefined && "configMap" in source && source.configMap.name === config.metadata.name);
  assert(autoscaler.spec.minReplicas > budget.spec.maxUnavailable);
});

Deno.test("deploy/kubernetes: the pod has no more rights than the image needs, and is of this version", () => {
  const { runAsNonRoot, runAsUser, runAsGroup, fsGroup } = pod.spec.securityContext;
  assertEquals([runAsNonRoot, runAsUser, runAsGroup, fsGroup], [true, IMAGE_USER, IMAGE_USER, IMAGE_USER]);
  assertEquals(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assertEquals(pod.spec.automountServiceAccountToken, false);
  assertEquals(container.image, `tcpproxy:${manifest.version}`);
});

const missing = missingTools("kubectl");

Deno.test({
  name: `deploy/kubernetes: kubectl builds the kustomization${
    missing.length > 0 ? ` (missing: ${missing.join()})` : ""
  }`,
  ignore: missing.length > 0,
  fn: async () => {
    const { code, stdout, stderr } = await new Deno.Command("kubectl", {
      args: ["kustomize", fileURLToPath(FOLDER)],
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const kinds = [...new TextDecoder().decode(stdout).matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
    assertEquals(kinds.length, 7);
  },
});
