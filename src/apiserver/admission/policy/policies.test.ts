import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import type { Status } from '#api/status.ts';
import type { User } from '#apiserver/request.ts';
import { refusalOf, startTestServer, type TestAnswer, type TestServer } from '#apiserver/test-server.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const ANN: User = { name: 'ann', groups: ['system:masters', 'system:authenticated'] };

type Answer = TestAnswer<KubeObject & Partial<Status>>;

function rulesOf(group: string, resource: string, operations = ['CREATE', 'UPDATE']): object {
  return {
    resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations, resources: [resource] }],
  };
}

async function post(server: TestServer, path: string, body: object): Promise<Answer> {
  return server.call({ method: 'POST', path, body, user: ANN });
}

async function validating(
  server: TestServer,
  spec: object,
  { binding = {}, name = 'p' }: { binding?: object; name?: string } = {},
): Promise<void> {
  const policy = await post(server, `${GROUP}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: rulesOf('', 'configmaps'), ...spec },
  });
  assert.equal(policy.status, 201, refusalOf(policy));
  const bound = await post(server, `${GROUP}/validatingadmissionpolicybindings`, {
    metadata: { name: `${name}-b` },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  });
  assert.equal(bound.status, 201, refusalOf(bound));
}

async function mutating(server: TestServer, spec: object, name = 'm', binding: object = {}): Promise<void> {
  const policy = await post(server, `${GROUP}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: { matchConstraints: rulesOf('', 'configmaps'), reinvocationPolicy: 'Never', ...spec },
  });
  assert.equal(policy.status, 201, refusalOf(policy));
  const bound = await post(server, `${GROUP}/mutatingadmissionpolicybindings`, {
    metadata: { name: `${name}-b` },
    spec: { policyName: name, ...binding },
  });
  assert.equal(bound.status, 201, refusalOf(bound));
}

async function withServer(test: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer();
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

function configMap(
  name: string,
  data: Record<string, string> = {},
  labels: Record<string, string> = {},
): object {
  return { metadata: { name, labels }, data };
}

function deployment(name: string, replicas: number): object {
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  };
}

describe('validating admission policies', () => {
  it('denies with the next request, in Kubernetes words', () =>
    withServer(async (server) => {
      await validating(
        server,
        {
          matchConstraints: rulesOf('apps', 'deployments'),
          validations: [{ expression: 'object.spec.replicas <= 5' }],
        },
        { name: 'demo' },
      );
      const answer = await post(server, DEPLOYMENTS, deployment('web', 6));
      assert.equal(answer.status, 422);
      const message = `ValidatingAdmissionPolicy 'demo' with binding 'demo-b' denied request: failed expression: object.spec.replicas <= 5`;
      assert.equal(answer.body.message, `deployments.apps "web" is forbidden: ${message}`);
      assert.equal(answer.body.reason, 'Invalid');
      assert.deepEqual(answer.body.details, {
        name: 'web',
        group: 'apps',
        kind: 'deployments',
        causes: [{ message }],
      });
      assert.equal((await post(server, DEPLOYMENTS, deployment('web', 5))).status, 201);
    }));

  it('is in force before the first write after a start', async () => {
    const first = await startTestServer();
    await validating(first, { validations: [{ expression: 'false', message: 'no' }] });
    const second = await startTestServer({ store: first.store });
    const answer = await post(second, CONFIG_MAPS, configMap('a'));
    assert.match(refusalOf(answer), /denied request: no$/);
    await second.stop();
  });

  it('takes message, messageExpression and reason from the validation', () =>
    withServer(async (server) => {
      await validating(server, {
        validations: [
          { expression: `object.metadata.name != 'a'`, message: 'plain', reason: 'Forbidden' },
          { expression: `object.metadata.name != 'b'`, messageExpression: `'got ' + object.metadata.name` },
          { expression: `object.metadata.name != 'c'`, message: 'plain', messageExpression: 'object.nope' },
        ],
      });
      const [a, b, c] = await Promise.all(
        ['a', 'b', 'c'].map((name) => post(server, CONFIG_MAPS, configMap(name))),
      );
      assert.match(refusalOf(a as Answer), /^403 Forbidden: .*denied request: plain$/);
      assert.match(refusalOf(b as Answer), /^422 Invalid: .*denied request: got b$/);
      assert.match(refusalOf(c as Answer), /denied request: plain$/);
    }));

  it('says which expression failed for want of a value, and fails open where it is told to', () =>
    withServer(async (server) => {
      await validating(server, { validations: [{ expression: `object.data.size == 'x'` }] });
      assert.match(
        refusalOf(await post(server, CONFIG_MAPS, configMap('a'))),
        /denied request: expression 'object.data.size == 'x'' resulted in error: no such key: data|no such key: size/,
      );
      const path = `${GROUP}/validatingadmissionpolicies/p`;
      const body = { spec: { failurePolicy: 'Ignore' } };
      const headers = { 'content-type': 'application/merge-patch+json' };
      await server.call({ method: 'PATCH', path, body, headers });
      assert.equal((await post(server, CONFIG_MAPS, configMap('a'))).status, 201);
    }));

  it('warns and audits instead of denying', () =>
    withServer(async (server) => {
      await validating(
        server,
        {
          validations: [{ expression: 'false', message: 'mind this' }],
          auditAnnotations: [{ key: 'name', valueExpression: 'object.metadata.name' }],
        },
        { binding: { validationActions: ['Warn', 'Audit'] } },
      );
      const answer = await post(server, CONFIG_MAPS, configMap('a'));
      assert.equal(answer.status, 201);
      assert.equal(
        answer.headers['warning'],
        `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-b': mind this"`,
      );
    }));

  it('uses variables, request, oldObject, namespaceObject and authorizer', () =>
    withServer(async (server) => {
      const truths = [
        `variables.both == 'a/ann'`,
        `request.operation == 'CREATE' && request.kind.kind == 'ConfigMap' && request.resource.resource == 'configmaps'`,
        'oldObject == null',
        `namespaceObject.metadata.name == 'default' && namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'default'`,
        `authorizer.group('').resource('pods').namespace('default').check('create').allowed()`,
        `!authorizer.serviceAccount('default', 'nobody').group('').resource('secrets').check('get').allowed()`,
        `authorizer.requestResource.check('delete').allowed()`,
        `request.userInfo.username == 'ann' && 'system:authenticated' in request.userInfo.groups`,
        'request.dryRun == false',
      ];
      await validating(server, {
        variables: [
          { name: 'user', expression: 'request.userInfo.username' },
          { name: 'both', expression: `object.metadata.name + '/' + variables.user` },
          { name: 'broken', expression: 'object.nope.nope' },
        ],
        validations: truths.map((expression) => ({ expression })),
      });
      const answer = await post(server, CONFIG_MAPS, configMap('a'));
      assert.equal(answer.status, 201, refusalOf(answer));
    }));

  it('leaves out what match conditions, exclusions, selectors and scopes leave out', () =>
    withServer(async (server) => {
      await validating(server, {
        matchConstraints: {
          ...rulesOf('', '*'),
          excludeResourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['*'],
              resources: ['configmaps'],
              resourceNames: ['free'],
            },
          ],
          objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
          namespaceSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
        },
        matchConditions: [
          {
            name: 'named',
            expression: `object.metadata.name.startsWith('a') || object.metadata.name == 'free'`,
          },
        ],
        validations: [{ expression: 'false', message: 'no' }],
      });
      const status = async (name: string, labels = {}): Promise<number> =>
        (await post(server, CONFIG_MAPS, configMap(name, {}, labels))).status;
      assert.equal(await status('a'), 422);
      assert.equal(await status('b'), 201);
      assert.equal(await status('free'), 201);
      assert.equal(await status('a2', { skip: '1' }), 201);
      const namespace = { metadata: { name: 'quiet', labels: { skip: '1' } } };
      assert.equal((await post(server, '/api/v1/namespaces', namespace)).status, 201);
      assert.equal((await post(server, '/api/v1/namespaces/quiet/configmaps', configMap('a'))).status, 201);
    }));

  it('sees updates and deletions', () =>
    withServer(async (server) => {
      await validating(server, {
        matchConstraints: rulesOf('', 'configmaps', ['UPDATE', 'DELETE']),
        validations: [
          {
            expression: `request.operation != 'UPDATE' || object.data == oldObject.data`,
            message: 'data is immutable',
          },
          {
            expression: `request.operation != 'DELETE' || (object == null && !('keep' in oldObject.data))`,
            message: 'kept',
          },
        ],
      });
      await post(server, CONFIG_MAPS, configMap('a', { keep: '1' }));
      const path = `${CONFIG_MAPS}/a`;
      const update = await server.call({ method: 'PUT', path, body: configMap('a', { keep: '2' }) });
      assert.match(refusalOf(update), /denied request: data is immutable$/);
      assert.match(refusalOf(await server.call({ method: 'DELETE', path })), /denied request: kept$/);
    }));

  it('takes parameters from objects, by name and by labels, in the namespace of the request', () =>
    withServer(async (server) => {
      await post(server, CONFIG_MAPS, configMap('limits', { max: '3' }, { limits: 'yes' }));
      const spec = {
        matchConstraints: rulesOf('apps', 'deployments'),
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        validations: [
          {
            expression: 'object.spec.replicas <= int(params.data.max)',
            messageExpression: `'at most ' + params.data.max`,
          },
        ],
      };
      await validating(server, spec, {
        binding: { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } },
      });
      assert.match(
        refusalOf(await post(server, DEPLOYMENTS, deployment('web', 4))),
        /denied request: at most 3$/,
      );
      assert.equal((await post(server, DEPLOYMENTS, deployment('web', 3))).status, 201);
      await server.call({ method: 'DELETE', path: `${CONFIG_MAPS}/limits` });
      assert.match(
        refusalOf(await post(server, DEPLOYMENTS, deployment('web2', 1))),
        /failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction/,
      );
      const selector = { matchLabels: { limits: 'yes' } };
      const path = `${GROUP}/validatingadmissionpolicybindings/p-b`;
      const body = { spec: { paramRef: { name: null, selector, parameterNotFoundAction: 'Allow' } } };
      const headers = { 'content-type': 'application/merge-patch+json' };
      assert.equal((await server.call({ method: 'PATCH', path, body, headers })).status, 200);
      assert.equal((await post(server, DEPLOYMENTS, deployment('web2', 9))).status, 201);
      await post(server, CONFIG_MAPS, configMap('more', { max: '1' }, { limits: 'yes' }));
      assert.match(refusalOf(await post(server, DEPLOYMENTS, deployment('web3', 2))), /at most 1$/);
    }));

  it('refuses expressions that cannot be, when the policy is written', () =>
    withServer(async (server) => {
      const refused = async (spec: object): Promise<string> =>
        refusalOf(
          await post(server, `${GROUP}/validatingadmissionpolicies`, {
            metadata: { name: 'x' },
            spec: { matchConstraints: rulesOf('', 'configmaps'), ...spec },
          }),
        );
      assert.match(
        await refused({ validations: [{ expression: 'object.x >' }] }),
        /^422 Invalid: .*spec\.validations\[0\]\.expression: Invalid value: "object.x >": compilation failed: ERROR: <input>:1:\d+: Syntax error/s,
      );
      assert.match(
        await refused({ validations: [{ expression: 'request.nope' }] }),
        /undefined field 'nope'/,
      );
      assert.match(await refused({ validations: [{ expression: '1' }] }), /must evaluate to bool/);
      assert.match(
        await refused({ validations: [{ expression: 'params.x' }] }),
        /undeclared reference to 'params'/,
      );
      assert.match(
        await refused({ validations: [{ expression: 'variables.x' }] }),
        /undeclared reference to 'variables'/,
      );
      assert.match(
        await refused({ validations: [{ expression: 'true', messageExpression: '1' }] }),
        /messageExpression: Invalid value: "1": must evaluate to string/,
      );
      assert.match(
        await refused({
          validations: [{ expression: 'true' }],
          auditAnnotations: [{ key: 'k', valueExpression: 'true' }],
        }),
        /must evaluate to one of \[string null_type\] but got bool/,
      );
      assert.match(
        await refused({
          validations: [{ expression: 'true' }],
          variables: [{ name: '1x', expression: '1' }],
        }),
        /name is not a valid CEL identifier/,
      );
    }));

  it('cannot lock itself in', () =>
    withServer(async (server) => {
      const everything = {
        resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }],
      };
      await validating(server, { matchConstraints: everything, validations: [{ expression: 'false' }] });
      assert.equal((await post(server, CONFIG_MAPS, configMap('a'))).status, 422);
      const path = `${GROUP}/validatingadmissionpolicybindings/p-b`;
      assert.equal((await server.call({ method: 'DELETE', path })).status, 200);
      assert.equal((await post(server, CONFIG_MAPS, configMap('a'))).status, 201);
    }));
});

describe('mutating admission policies', () => {
  it('merges what an apply configuration says', () =>
    withServer(async (server) => {
      await mutating(server, {
        matchConstraints: rulesOf('apps', 'deployments'),
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: {
              expression: `Object{
                metadata: Object.metadata{labels: {'added': object.metadata.name}},
                spec: Object.spec{replicas: 4, template: Object.spec.template{spec: Object.spec.template.spec{
                  containers: [Object.spec.template.spec.containers{name: 'side', image: 'busybox'}]}}}}`,
            },
          },
        ],
      });
      const answer = await server.call<
        KubeObject & {
          spec: {
            replicas: number;
            template: { spec: { containers: { name: string; imagePullPolicy: string }[] } };
          };
        }
      >({
        method: 'POST',
        path: DEPLOYMENTS,
        body: deployment('web', 1),
      });
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.body.metadata.labels?.['added'], 'web');
      assert.equal(answer.body.spec.replicas, 4);
      const side = answer.body.spec.template.spec.containers.find(({ name }) => name === 'side');
      assert.equal(side?.imagePullPolicy, 'Always', 'what was added is defaulted');
      assert.deepEqual(answer.body.spec.template.spec.containers.map(({ name }) => name).sort(), [
        'c',
        'side',
      ]);
    }));

  it('carries out a JSON patch', () =>
    withServer(async (server) => {
      await mutating(server, {
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: `[
                JSONPatch{op: 'test', path: '/metadata/name', value: object.metadata.name},
                JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('example.com/env'), value: 'prod'},
                JSONPatch{op: 'add', path: '/data', value: {'n': string(object.metadata.name.size())}}]`,
            },
          },
        ],
      });
      const answer = await server.call<KubeObject & { data: object }>({
        method: 'POST',
        path: CONFIG_MAPS,
        body: configMap('abc', {}, { a: '1' }),
      });
      assert.equal(answer.status, 201, answer.text);
      assert.deepEqual(answer.body.metadata.labels, { a: '1', 'example.com/env': 'prod' });
      assert.deepEqual(answer.body.data, { n: '3' });
    }));

  it('refuses what cannot be applied, and fails open where it is told to', () =>
    withServer(async (server) => {
      const patch = {
        patchType: 'JSONPatch',
        jsonPatch: { expression: `[JSONPatch{op: 'remove', path: '/nope'}]` },
      };
      await mutating(server, { mutations: [patch] });
      assert.match(
        refusalOf(await post(server, CONFIG_MAPS, configMap('a'))),
        /^422 Invalid: configmaps "a" is forbidden: policy 'm' with binding 'm-b' denied request: JSON Patch: /,
      );
      const path = `${GROUP}/mutatingadmissionpolicies/m`;
      const headers = { 'content-type': 'application/merge-patch+json' };
      await server.call({ method: 'PATCH', path, headers, body: { spec: { failurePolicy: 'Ignore' } } });
      assert.equal((await post(server, CONFIG_MAPS, configMap('a'))).status, 201);
    }));

  it('refuses a misplaced object and an atomic list', () =>
    withServer(async (server) => {
      const apply = (expression: string): object => ({
        matchConstraints: rulesOf('apps', 'deployments'),
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
      });
      await mutating(server, apply(`Object{spec: Object.wrong{replicas: 1}}`), 'm1');
      assert.match(
        refusalOf(await post(server, DEPLOYMENTS, deployment('web', 1))),
        /type mismatch: unexpected type name "Object.wrong"/,
      );
      await server.call({ method: 'DELETE', path: `${GROUP}/mutatingadmissionpolicies/m1` });
      await mutating(
        server,
        apply(
          `Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: 'c', args: ['x']}]}}}}`,
        ),
        'm2',
      );
      assert.match(
        refusalOf(await post(server, DEPLOYMENTS, deployment('web', 1))),
        /may not mutate atomic arrays, maps or structs: \.spec\.template\.spec\.containers\[0\]\.args/,
      );
    }));

  it('runs a policy again where a later one has changed something', () =>
    withServer(async (server) => {
      const count = (from: string, to: string): object => ({
        patchType: 'JSONPatch',
        jsonPatch: {
          expression: `'${from}' in object.data && !('${to}' in object.data) ? [JSONPatch{op: 'add', path: '/data/${to}', value: 'x'}] : []`,
        },
      });
      await mutating(server, { mutations: [count('b', 'c')], reinvocationPolicy: 'IfNeeded' }, 'm1');
      await mutating(server, { mutations: [count('a', 'b')] }, 'm2');
      const answer = await server.call<KubeObject & { data: object }>({
        method: 'POST',
        path: CONFIG_MAPS,
        body: configMap('a', { a: 'x' }),
      });
      assert.deepEqual(Object.keys(answer.body.data).sort(), ['a', 'b', 'c']);
    }));

  it('is seen by validating policies, and validated', () =>
    withServer(async (server) => {
      const patch = {
        patchType: 'JSONPatch',
        jsonPatch: { expression: `[JSONPatch{op: 'add', path: '/data', value: {'x': 'y'}}]` },
      };
      await mutating(server, { mutations: [patch] });
      await validating(server, { validations: [{ expression: `object.data.x == 'y'` }] });
      assert.equal((await post(server, CONFIG_MAPS, configMap('a'))).status, 201);
      const wrong = {
        patchType: 'JSONPatch',
        jsonPatch: { expression: `[JSONPatch{op: 'add', path: '/data', value: {'x': 5}}]` },
      };
      await mutating(server, { mutations: [wrong] }, 'n');
      const answer = await post(server, CONFIG_MAPS, configMap('b'));
      assert.match(refusalOf(answer), /^422 .*policy 'n' with binding 'n-b' denied request: .*data/);
    }));

  it('refuses expressions of another type when the policy is written', () =>
    withServer(async (server) => {
      const refused = async (mutation: object): Promise<string> =>
        refusalOf(
          await post(server, `${GROUP}/mutatingadmissionpolicies`, {
            metadata: { name: 'x' },
            spec: {
              matchConstraints: rulesOf('', 'configmaps'),
              reinvocationPolicy: 'Never',
              mutations: [mutation],
            },
          }),
        );
      assert.match(
        await refused({ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'true' } }),
        /spec\.mutations\[0\]\.applyConfiguration\.expression: Invalid value: "true": must evaluate to Object/,
      );
      assert.match(
        await refused({ patchType: 'JSONPatch', jsonPatch: { expression: `[JSONPatch{op: 1}]` } }),
        /expected type of field 'op' is 'string' but provided type is 'int'/,
      );
    }));
});
