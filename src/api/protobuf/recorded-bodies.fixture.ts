import type { Json } from '#api/object.ts';

/** A body as a client sent it, and the object in it. */
export interface RecordedBody {
  readonly client: string;
  readonly base64: string;
  readonly object: Json;
}

/** Bodies recorded from kubectl 1.32 and 1.33, and encoded by client-go's own types. */
export const RECORDED_BODIES: readonly RecordedBody[] = [
  {
    client: 'kubectl create configmap (1.32)',
    base64: 'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhsKEQoBeBIAGgAiACoAMgA4AEIAEgYKAWESAWIaACIA',
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: 'b' } },
  },
  {
    client: 'kubectl create secret (1.32)',
    base64: 'azhzAAoMCgJ2MRIGU2VjcmV0EiMKEQoBcxIAGgAiACoAMgA4AEIAEgwKAnB3EgZnZWhlaW0aABoAIgA=',
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { pw: 'Z2VoZWlt' } },
  },
  {
    client: 'kubectl create rolebinding (1.32)',
    base64:
      'azhzAAorChxyYmFjLmF1dGhvcml6YXRpb24uazhzLmlvL3YxEgtSb2xlQmluZGluZxKOAQoSCgJyYhIAGgAiACoAMgA4AEIAEicKBFVzZXISGXJiYWMuYXV0aG9yaXphdGlvbi5rOHMuaW8aAnUxIgASHwoOU2VydmljZUFjY291bnQSABoCc2EiB2RlZmF1bHQaLgoZcmJhYy5hdXRob3JpemF0aW9uLms4cy5pbxILQ2x1c3RlclJvbGUaBHZpZXcaACIA',
    object: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'rb' },
      subjects: [
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u1' },
        { kind: 'ServiceAccount', name: 'sa', namespace: 'default' },
      ],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    },
  },
  {
    client: 'kubectl create deployment (1.32)',
    base64:
      'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EroBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEogBCAISDAoKCgNhcHASA3dlYhpuChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEk4SMAoFbmdpbngSB25naW54OjEqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [{ name: 'nginx', image: 'nginx:1', ports: [{ containerPort: 80 }], resources: {} }],
          },
        },
        strategy: {},
      },
      status: {},
    },
  },
  {
    client: 'kubectl create cronjob (1.32)',
    base64:
      'azhzAAoTCghiYXRjaC92MRIHQ3JvbkpvYhKkAQoSCgJjahIAGgAiACoAMgA4AEIAEosBCgsqLzUgKiAqICogKhoAKnoKEgoCY2oSABoAIgAqADIAOABCABJkMmIKEAoAEgAaACIAKgAyADgAQgASThInCgJjahIHYnVzeWJveBoEZGF0ZSoAQgBqAHIAgAEAiAEAkAEAogEAGglPbkZhaWx1cmUyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBABoAGgAiAA==',
    object: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'cj' },
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: {
          metadata: { name: 'cj' },
          spec: {
            template: {
              metadata: {},
              spec: {
                containers: [{ name: 'cj', image: 'busybox', command: ['date'], resources: {} }],
                restartPolicy: 'OnFailure',
              },
            },
          },
        },
      },
      status: {},
    },
  },
  {
    client: 'kubectl create ingress (1.32)',
    base64:
      'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJNChMKA2luZxIAGgAiACoAMgA4AEIAEjISCAoDYS5iEgF0GiYKA2EuYhIfCh0KGwoCL2MSDSILCgNzdmMSBAoAEFAaBlByZWZpeBoCCgAaACIA',
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'ing' },
      spec: {
        tls: [{ hosts: ['a.b'], secretName: 't' }],
        rules: [
          {
            host: 'a.b',
            http: {
              paths: [
                {
                  path: '/c',
                  backend: { service: { name: 'svc', port: { number: 80 } } },
                  pathType: 'Prefix',
                },
              ],
            },
          },
        ],
      },
      status: { loadBalancer: {} },
    },
  },
  {
    client: 'kubectl create quota (1.32)',
    base64:
      'azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRJAChEKAXESABoAIgAqADIAOABCABIpCgoKA2NwdRIDCgExCg4KBm1lbW9yeRIECgIxRwoLCgRwb2RzEgMKATIaABoAIgA=',
    object: {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q' },
      spec: { hard: { cpu: '1', memory: '1G', pods: '2' } },
      status: {},
    },
  },
  {
    client: 'kubectl create pdb (1.32)',
    base64:
      'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSOwoUCgRwZGIxEgAaACIAKgAyADgAQgASFwoJCAEQABoDNTAlEgoKCAoDYXBwEgF4GgoIABgAIAAoADAAGgAiAA==',
    object: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'pdb1' },
      spec: { minAvailable: '50%', selector: { matchLabels: { app: 'x' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
  },
  {
    client: 'kubectl create service (1.32)',
    base64:
      'azhzAAoNCgJ2MRIHU2VydmljZRJpCh8KA3N2YxIAGgAiACoAMgA4AEIAWgoKA2FwcBIDc3ZjEkIKGwoHODAtODA4MBIDVENQGFAiBwgAEJA/GgAoABIKCgNhcHASA3N2YxoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'svc', labels: { app: 'svc' } },
      spec: {
        ports: [{ name: '80-8080', protocol: 'TCP', port: 80, targetPort: 8080 }],
        selector: { app: 'svc' },
        type: 'ClusterIP',
      },
      status: { loadBalancer: {} },
    },
  },
  {
    client: 'kubectl create token (1.32)',
    base64:
      'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMg2AQaBAoAEgAaACIA',
    object: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: { expirationSeconds: 600 },
      status: { token: '' },
    },
  },
  {
    client: 'kubectl auth can-i (1.32)',
    base64:
      'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABCABIeChwKB2RlZmF1bHQSA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=',
    object: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } },
      status: { allowed: false },
    },
  },
  {
    client: 'kubectl autoscale (1.32)',
    base64:
      'azhzAAopCg5hdXRvc2NhbGluZy92MRIXSG9yaXpvbnRhbFBvZEF1dG9zY2FsZXISPwoTCgN3ZWISABoAIgAqADIAOABCABIiChoKCkRlcGxveW1lbnQSA3dlYhoHYXBwcy92MRABGAMgMhoEGAAgABoAIgA=',
    object: {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' },
        minReplicas: 1,
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
      },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    },
  },
  {
    client: 'kubectl create secret (1.33)',
    base64: 'azhzAAoMCgJ2MRIGU2VjcmV0EiMKEQoBcxIAGgAiACoAMgA4AEIAEgwKAnB3EgZnZWhlaW0aABoAIgA=',
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { pw: 'Z2VoZWlt' } },
  },
  {
    client: 'kubectl auth can-i (1.33)',
    base64:
      'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABCABIeChwKB2RlZmF1bHQSA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=',
    object: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { namespace: 'default', verb: 'get', resource: 'pods' } },
      status: { allowed: false },
    },
  },
  {
    client: 'client-go DeleteOptions',
    base64: 'azhzAAoYCgdhcHBzL3YxEg1EZWxldGVPcHRpb25zEhQIABIECgJ1MSIKRm9yZWdyb3VuZBoAIgA=',
    object: {
      kind: 'DeleteOptions',
      apiVersion: 'apps/v1',
      gracePeriodSeconds: 0,
      preconditions: { uid: 'u1' },
      propagationPolicy: 'Foreground',
    },
  },
  {
    client: 'client-go Lease',
    base64:
      'azhzAAofChZjb29yZGluYXRpb24uazhzLmlvL3YxEgVMZWFzZRI3CiIKAm4xEgAaD2t1YmUtbm9kZS1sZWFzZSIAKgAyATc4AEIAEhEKAm4xECgiCQil69zKBhDwLhoAIgA=',
    object: {
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: { name: 'n1', namespace: 'kube-node-lease', resourceVersion: '7' },
      spec: { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime: '2026-01-02T03:04:05.000006Z' },
    },
  },
  {
    client: 'client-go Pod',
    base64:
      'azhzAAoJCgJ2MRIDUG9kEsoCClcKAXASABoAIgAqADIAOABCCAil69zKBhAAigE7CgFtEgZVcGRhdGUaAnYxMghGaWVsZHNWMToeChx7ImY6c3BlYyI6eyJmOm5vZGVOYW1lIjp7fX19QgASlAEKEAoBdhILEgkKABIFCgMxR2kSYAoBYxIAKgA6EwoBRRIAGgwiCgoDCgFzEgFrGABCDwoNCgNjcHUSBgoENTAwbVIhChUSEwoBLxIKCAEQABoEaHR0cBoAIgAQBRgAIAAoADAAagByAIABAIgBAJABAKIBABoAIAAyAEIASgBSAFgAYABoAHIAggEAigEAmgEAwgEAGlgKB1J1bm5pbmcaACIAKgAyAEI8CgFjEikaJwj///////////8BEAAaACIAKggIpevcygYQADIICKbr3MoGEAA6ABoAIAAoADIBaToBeEIASgBaAHIAiAEAGgAiAA==',
    object: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {
        name: 'p',
        creationTimestamp: '2026-01-02T03:04:05Z',
        managedFields: [
          {
            manager: 'm',
            operation: 'Update',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:spec': { 'f:nodeName': {} } },
          },
        ],
      },
      spec: {
        volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }],
        containers: [
          {
            name: 'c',
            env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: false } } }],
            resources: { limits: { cpu: '500m' } },
            livenessProbe: { httpGet: { path: '/', port: 'http' }, initialDelaySeconds: 5 },
          },
        ],
        terminationGracePeriodSeconds: 0,
        securityContext: {},
      },
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            name: 'c',
            state: {
              terminated: {
                exitCode: -1,
                startedAt: '2026-01-02T03:04:05Z',
                finishedAt: '2026-01-02T03:04:06Z',
              },
            },
            lastState: {},
            ready: false,
            restartCount: 0,
            image: 'i',
            imageID: 'x',
          },
        ],
      },
    },
  },
  {
    client: 'client-go ControllerRevision',
    base64:
      'azhzAAodCgdhcHBzL3YxEhJDb250cm9sbGVyUmV2aXNpb24SQwoRCgFyEgAaACIAKgAyADgAQgASLAoqeyJzcGVjIjp7InRlbXBsYXRlIjp7IiRwYXRjaCI6InJlcGxhY2UifX19GAAaACIA',
    object: {
      kind: 'ControllerRevision',
      apiVersion: 'apps/v1',
      metadata: { name: 'r' },
      data: { spec: { template: { $patch: 'replace' } } },
      revision: 0,
    },
  },
  {
    client: 'client-go CustomResourceDefinition',
    base64:
      'azhzAAozChdhcGlleHRlbnNpb25zLms4cy5pby92MRIYQ3VzdG9tUmVzb3VyY2VEZWZpbml0aW9uEoMDChYKBncueC5pbxIAGgAiACoAMgA4AEIAEtoCCgR4LmlvGgoKAXcSACIBVyoAIgpOYW1lc3BhY2VkOrcCCgJ2MRABGAEiqgIKpwIKABIAIgAqBm9iamVjdDIAOgBQAGAAegCQAQDqAWsKAWESZgoAEgAiACoFYXJyYXkyADoAUABgAHoAgAEAkAEAwgE9CjsKABIAIgAqBnN0cmluZzIAOgBCBQoDImQiUABgAHoAkAEAogEFCgMiZCKiAQUKAyJlIqgCALgCAMACAKgCALgCAMACAOoBXgoBYhJZCgASACIAKgZvYmplY3QyADoAUABgAHoAkAEA8gEyCAESLgoAEgAiACoHaW50ZWdlcjIAOgBQAFkAAAAAAADgP2AAegCQAQCoAgC4AgDAAgCoAgC4AgDAAgDqATEKAWMSLAoAEgAiACoGb2JqZWN0MgA6AFAAYAB6AJABAPIBAggAqAIAsAIBuAIAwAIAqAIAuAIAwAIAOABQABoMEggKABIAIgAqACAAGgAiAA==',
    object: {
      kind: 'CustomResourceDefinition',
      apiVersion: 'apiextensions.k8s.io/v1',
      metadata: { name: 'w.x.io' },
      spec: {
        group: 'x.io',
        names: { plural: 'w', kind: 'W' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  a: {
                    type: 'array',
                    maxItems: 0,
                    items: { type: 'string', default: 'd', enum: ['d', 'e'] },
                  },
                  b: { type: 'object', additionalProperties: { type: 'integer', minimum: 0.5 } },
                  c: {
                    type: 'object',
                    additionalProperties: false,
                    'x-kubernetes-preserve-unknown-fields': true,
                  },
                },
              },
            },
          },
        ],
      },
      status: { acceptedNames: { plural: '', kind: '' } },
    },
  },
];
