/**
 * The part of the Kubernetes API that `deploy/kubernetes/` uses, after the API reference. Strict: a field that is
 * misspelt, misplaced or not used so far is refused, as `kubectl --validate=strict` does.
 *
 * @module
 */
import * as z from "zod";

const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/).max(63);
const portName = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/).max(15);
const portNumber = z.int().min(1).max(65_535);
const port = z.union([portNumber, portName]);
const labels = z.record(z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9][\w.-]{0,62}$/), z.string().max(63));
const quantity = z.string().regex(/^\d+(m|Ki|Mi|Gi)?$/);
const absolutePath = z.string().startsWith("/");
const selector = z.strictObject({ matchLabels: labels });
const metadata = z.strictObject({ name: dnsLabel, labels });

const probe = z.strictObject({
  httpGet: z.strictObject({ path: absolutePath, port }),
  periodSeconds: z.int().min(1),
  timeoutSeconds: z.int().min(1).optional(),
  failureThreshold: z.int().min(1),
});

const container = z.strictObject({
  name: dnsLabel,
  image: z.string().regex(/^[a-z0-9./-]+:[\w.-]+$/),
  args: z.array(z.string()),
  ports: z.array(z.strictObject({ name: portName, containerPort: portNumber })),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  resources: z.strictObject({
    requests: z.strictObject({ cpu: quantity, memory: quantity }),
    limits: z.strictObject({ memory: quantity }),
  }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.boolean(),
    readOnlyRootFilesystem: z.boolean(),
    capabilities: z.strictObject({ drop: z.array(z.string()) }),
  }),
  volumeMounts: z.array(
    z.strictObject({ name: dnsLabel, mountPath: absolutePath, readOnly: z.boolean().optional() }),
  ),
});

const volume = z.union([
  z.strictObject({ name: dnsLabel, configMap: z.strictObject({ name: dnsLabel }) }),
  z.strictObject({
    name: dnsLabel,
    secret: z.strictObject({ secretName: dnsLabel, defaultMode: z.int().min(0).max(0o777) }),
  }),
  z.strictObject({
    name: dnsLabel,
    emptyDir: z.strictObject({ medium: z.literal("Memory"), sizeLimit: quantity }),
  }),
]);

/** A Deployment. */
export const deployment = z.strictObject({
  apiVersion: z.literal("apps/v1"),
  kind: z.literal("Deployment"),
  metadata,
  spec: z.strictObject({
    selector,
    strategy: z.strictObject({
      type: z.literal("RollingUpdate"),
      rollingUpdate: z.strictObject({ maxUnavailable: z.int().min(0), maxSurge: z.int().min(0) }),
    }),
    template: z.strictObject({
      metadata: z.strictObject({ labels }),
      spec: z.strictObject({
        automountServiceAccountToken: z.boolean(),
        terminationGracePeriodSeconds: z.int().min(0),
        securityContext: z.strictObject({
          runAsNonRoot: z.boolean(),
          runAsUser: z.int().min(1),
          runAsGroup: z.int().min(1),
          fsGroup: z.int().min(1),
          seccompProfile: z.strictObject({ type: z.literal("RuntimeDefault") }),
        }),
        topologySpreadConstraints: z.array(z.strictObject({
          maxSkew: z.int().min(1),
          topologyKey: z.string(),
          whenUnsatisfiable: z.enum(["ScheduleAnyway", "DoNotSchedule"]),
          labelSelector: selector,
        })),
        containers: z.tuple([container]),
        volumes: z.array(volume),
      }),
    }),
  }),
});

/** A ConfigMap. */
export const configMap = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("ConfigMap"),
  metadata,
  data: z.record(z.string().regex(/^[-._a-zA-Z0-9]+$/), z.string()),
});

/** A Service. */
export const service = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Service"),
  metadata,
  spec: z.strictObject({
    clusterIP: z.literal("None").optional(),
    selector: labels,
    ports: z.array(z.strictObject({ name: portName, port: portNumber, targetPort: port })).min(1),
  }),
});

/** A HorizontalPodAutoscaler. */
export const autoscaler = z.strictObject({
  apiVersion: z.literal("autoscaling/v2"),
  kind: z.literal("HorizontalPodAutoscaler"),
  metadata,
  spec: z.strictObject({
    scaleTargetRef: z.strictObject({ apiVersion: z.string(), kind: z.string(), name: dnsLabel }),
    minReplicas: z.int().min(1),
    maxReplicas: z.int().min(1),
    metrics: z.array(z.strictObject({
      type: z.literal("Resource"),
      resource: z.strictObject({
        name: z.enum(["cpu", "memory"]),
        target: z.strictObject({
          type: z.literal("Utilization"),
          averageUtilization: z.int().min(1).max(100),
        }),
      }),
    })),
    behavior: z.strictObject({
      scaleDown: z.strictObject({
        stabilizationWindowSeconds: z.int().min(0).max(3600),
        policies: z.array(
          z.strictObject({
            type: z.enum(["Pods", "Percent"]),
            value: z.int().min(1),
            periodSeconds: z.int().min(1),
          }),
        ),
      }),
    }),
  }),
});

/** A PodDisruptionBudget. */
export const disruptionBudget = z.strictObject({
  apiVersion: z.literal("policy/v1"),
  kind: z.literal("PodDisruptionBudget"),
  metadata,
  spec: z.strictObject({ maxUnavailable: z.int().min(1), selector }),
});

const policyPorts = z.array(z.strictObject({ port, protocol: z.enum(["TCP", "UDP"]) })).min(1);
const policyPeers = z.array(z.strictObject({
  namespaceSelector: z.strictObject({}).optional(),
  podSelector: selector,
})).min(1);

/** A NetworkPolicy. */
export const networkPolicy = z.strictObject({
  apiVersion: z.literal("networking.k8s.io/v1"),
  kind: z.literal("NetworkPolicy"),
  metadata,
  spec: z.strictObject({
    podSelector: selector,
    policyTypes: z.array(z.enum(["Ingress", "Egress"])),
    ingress: z.array(z.strictObject({ ports: policyPorts, from: policyPeers.optional() })),
    egress: z.array(z.strictObject({ ports: policyPorts, to: policyPeers.optional() })),
  }),
});

/** What kustomize reads. */
export const kustomization = z.strictObject({
  apiVersion: z.literal("kustomize.config.k8s.io/v1beta1"),
  kind: z.literal("Kustomization"),
  resources: z.array(z.string()),
});
