import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deployment, deploymentResource } from '#api/apps/deployment.ts';
import { configMapResource } from '#api/core/config-map.ts';
import { applicationInstanceResource, CLEANUP_FINALIZER } from '#api/fleet/application-instance.ts';
import { applicationRevisionResource } from '#api/fleet/application-revision.ts';
import type { KubeObject } from '#api/object.ts';
import { BUILTIN_SCHEMAS } from '#api/schema-set.ts';
import { startTestCluster, type TestCluster } from '#controllers/test-cluster.ts';
import { applierController } from '#fleet/applier-controller.ts';
import { bundleOf } from '#fleet/bundle.ts';
import { bundleKeyFromSeed, createBundleSigner } from '#pki/bundle-signature.ts';

const signer = createBundleSigner(bundleKeyFromSeed(new Uint8Array(32).fill(1)));
const INSTANCE = { namespace: 'default', name: 'shop.north' };
const WEB = { namespace: 'default', name: 'web' };

function web({ image, replicas = 2 }: { image: string; replicas?: number }): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
    },
  } as unknown as KubeObject;
}

function page(text: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'page' },
    data: { text },
  } as unknown as KubeObject;
}

/** Makes the site want a revision of these objects, as the link does. */
async function want({ client, clock }: TestCluster, objects: readonly KubeObject[]): Promise<void> {
  const bundle = bundleOf(objects, 'default');
  const revision = { name: `shop-${bundle.digest.slice(7, 17)}`, digest: bundle.digest };
  const apiVersion = 'fleet.skerry.io/v1alpha1' as const;
  if (
    (await client.find(applicationRevisionResource, { namespace: 'default', name: revision.name })) ===
    undefined
  ) {
    await client.create(applicationRevisionResource, {
      apiVersion,
      kind: 'ApplicationRevision',
      metadata: { namespace: 'default', name: revision.name },
      spec: {
        application: 'shop',
        digest: bundle.digest,
        manifests: bundle.manifests,
        objects: [...bundle.objects],
        signature: signer.sign(bundle.digest),
      },
    });
  }
  if ((await client.find(applicationInstanceResource, INSTANCE)) === undefined) {
    await client.create(applicationInstanceResource, {
      apiVersion,
      kind: 'ApplicationInstance',
      metadata: { ...INSTANCE, finalizers: [CLEANUP_FINALIZER] },
      spec: { application: 'shop', site: 'north', revision },
    });
  } else {
    await client.patch(applicationInstanceResource, INSTANCE, {
      patchType: 'merge',
      patch: { spec: { revision } },
    });
  }
  await clock.advance(5000);
}

function applying(): Promise<TestCluster> {
  return startTestCluster([applierController(BUILTIN_SCHEMAS)] as never);
}

async function imageAndReplicas({ client }: TestCluster): Promise<[string | undefined, number | undefined]> {
  const { spec }: Deployment = await client.get(deploymentResource, WEB);
  return [spec.template.spec?.containers[0]?.image, spec.replicas];
}

test('a scale on the spot outlives a new image from the hub', async () => {
  await using site = await applying();
  await want(site, [web({ image: 'nginx:1' })]);
  await site.client.patch(deploymentResource, WEB, { patchType: 'merge', patch: { spec: { replicas: 5 } } });
  await site.clock.advance(5000);
  await want(site, [web({ image: 'nginx:2' })]);
  assert.deepEqual(await imageAndReplicas(site), ['nginx:2', 5]);
});

test('a field that the hub changes wins over a change on the spot', async () => {
  await using site = await applying();
  await want(site, [web({ image: 'nginx:1' })]);
  await site.client.patch(deploymentResource, WEB, { patchType: 'merge', patch: { spec: { replicas: 5 } } });
  await want(site, [web({ image: 'nginx:1', replicas: 3 })]);
  assert.deepEqual(await imageAndReplicas(site), ['nginx:1', 3]);
});

test('what the new revision lacks is deleted, and what was deleted on the spot comes back', async () => {
  await using site = await applying();
  await want(site, [web({ image: 'nginx:1' }), page('one')]);
  await site.client.delete(deploymentResource, WEB);
  await site.clock.advance(5000);
  assert.deepEqual(await imageAndReplicas(site), ['nginx:1', 2]);
  await want(site, [web({ image: 'nginx:1' })]);
  assert.equal(await site.client.find(configMapResource, { namespace: 'default', name: 'page' }), undefined);
});

test('going back to an earlier revision undoes just what the later one changed', async () => {
  await using site = await applying();
  await want(site, [web({ image: 'nginx:1' }), page('one')]);
  await want(site, [web({ image: 'nginx:2' }), page('two')]);
  await site.client.patch(deploymentResource, WEB, { patchType: 'merge', patch: { spec: { replicas: 4 } } });
  await want(site, [web({ image: 'nginx:1' }), page('one')]);
  assert.deepEqual(await imageAndReplicas(site), ['nginx:1', 4]);
});

test('nothing is written while nothing changes', async () => {
  await using site = await applying();
  await want(site, [web({ image: 'nginx:1' })]);
  const before = (await site.client.list(deploymentResource)).resourceVersion;
  await site.clock.advance(3600_000);
  assert.equal((await site.client.list(deploymentResource)).resourceVersion, before);
});

test('an instance that is deleted takes all that it applied with it, and only then goes', async () => {
  await using site = await applying();
  await want(site, [web({ image: 'nginx:1' }), page('one')]);
  const own = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'own' },
  } as const;
  await site.client.create(configMapResource, own);
  await site.client.delete(applicationInstanceResource, INSTANCE);
  await site.clock.advance(10_000);
  assert.equal(await site.client.find(applicationInstanceResource, INSTANCE), undefined);
  assert.equal(await site.client.find(deploymentResource, WEB), undefined);
  assert.deepEqual(
    (await site.client.list(configMapResource, { namespace: 'default' })).items.map(
      ({ metadata }) => metadata.name,
    ),
    ['own'],
  );
});
