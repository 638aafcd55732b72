import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileValidatingPolicy } from '#api/admissionregistration/policy-programs.ts';
import { valueOfJson } from '#api/cel/json-value.ts';
import type { Json } from '#api/object.ts';
import { PolicyEvaluation } from '#apiserver/admission/policy/policy-evaluation.ts';

/** Controls of the Pod Security Standards as policies, with a pod spec that each lets pass and one that it denies. */
const CONTROLS: Readonly<Record<string, { expression: string; good: Json; bad: Json }>> = {
  'host namespaces': {
    expression: `!object.spec.?hostNetwork.orValue(false) && !object.spec.?hostPID.orValue(false) && !object.spec.?hostIPC.orValue(false)`,
    good: { hostPID: false },
    bad: { hostNetwork: true },
  },
  'privileged containers': {
    expression: `variables.containers.all(c, !c.?securityContext.privileged.orValue(false))`,
    good: { containers: [{ securityContext: { privileged: false } }] },
    bad: { containers: [], initContainers: [{ securityContext: { privileged: true } }] },
  },
  capabilities: {
    expression: `variables.containers.all(c, c.?securityContext.capabilities.drop.orValue([]).exists(d, d == 'ALL') && sets.contains(['NET_BIND_SERVICE'], c.?securityContext.capabilities.add.orValue([])))`,
    good: {
      containers: [{ securityContext: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } }],
    },
    bad: { containers: [{ securityContext: { capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } } }] },
  },
  'host path volumes': {
    expression: `object.spec.?volumes.orValue([]).all(v, !has(v.hostPath))`,
    good: { volumes: [{ name: 'a', emptyDir: {} }] },
    bad: { volumes: [{ name: 'a', hostPath: { path: '/' } }] },
  },
  'host ports': {
    expression: `variables.containers.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0))`,
    good: { containers: [{ ports: [{ containerPort: 80 }] }] },
    bad: { containers: [{ ports: [{ containerPort: 80, hostPort: 80 }] }] },
  },
  'running as non-root': {
    expression: `object.spec.?securityContext.runAsNonRoot.orValue(false) ? variables.containers.all(c, c.?securityContext.runAsNonRoot.orValue(true)) : variables.containers.all(c, c.?securityContext.runAsNonRoot.orValue(false))`,
    good: { securityContext: { runAsNonRoot: true }, containers: [{}] },
    bad: {
      securityContext: { runAsNonRoot: true },
      containers: [{ securityContext: { runAsNonRoot: false } }],
    },
  },
  'privilege escalation': {
    expression: `variables.containers.all(c, c.?securityContext.allowPrivilegeEscalation.orValue(true) == false)`,
    good: { containers: [{ securityContext: { allowPrivilegeEscalation: false } }] },
    bad: { containers: [{}] },
  },
  seccomp: {
    expression: `variables.containers.all(c, c.?securityContext.seccompProfile.type.or(object.spec.?securityContext.seccompProfile.type).orValue('') in ['RuntimeDefault', 'Localhost'])`,
    good: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } }, containers: [{}] },
    bad: { containers: [{ securityContext: { seccompProfile: { type: 'Unconfined' } } }] },
  },
  sysctls: {
    expression: `object.spec.?securityContext.sysctls.orValue([]).all(s, s.name in ['kernel.shm_rmid_forced', 'net.ipv4.ping_group_range'])`,
    good: { securityContext: { sysctls: [{ name: 'net.ipv4.ping_group_range', value: '0 1' }] } },
    bad: { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
  },
  'image names': {
    expression: `variables.containers.all(c, c.image.matches('^registry\\\\.example\\\\.com/') && !c.image.endsWith(':latest'))`,
    good: { containers: [{ image: 'registry.example.com/web:1' }] },
    bad: { containers: [{ image: 'registry.example.com/web:latest' }] },
  },
  'resource limits': {
    expression: `variables.containers.all(c, c.?resources.limits.memory.hasValue() && quantity(c.resources.limits.memory).isLessThan(quantity('2Gi')))`,
    good: { containers: [{ resources: { limits: { memory: '512Mi' } } }] },
    bad: { containers: [{ resources: { limits: { memory: '4096Mi' } } }] },
  },
};

const CONTAINERS = `object.spec.?containers.orValue([]) + object.spec.?initContainers.orValue([]) + object.spec.?ephemeralContainers.orValue([])`;

describe('policies of the Pod Security Standards', () => {
  for (const [control, { expression, good, bad }] of Object.entries(CONTROLS)) {
    it(`keeps to ${control}`, () => {
      const { validations, variables } = compileValidatingPolicy({
        variables: [{ name: 'containers', expression: CONTAINERS }],
        validations: [{ expression }],
      });
      const [validation] = validations;
      assert.ok(validation?.program !== undefined, validation?.fault?.detail);
      const answer = (spec: Json): unknown =>
        new PolicyEvaluation(new Map([['object', valueOfJson({ spec })]]), {
          variables,
          params: undefined,
        }).value(validation);
      assert.equal(answer(good), true);
      assert.equal(answer(bad), false);
    });
  }
});
