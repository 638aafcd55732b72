/**
 * Asks a real kube-apiserver and this program the same questions, and prints where they answer otherwise.
 *
 *     npm run parity                              # fields, then sequences; some minutes
 *     npm run parity -- fields Service/           # single changes of fields, of objects whose KIND/NAME has this
 *     npm run parity -- sequences Deployment/ 7   # random sequences of writes; another seed
 *
 * Needs Go (`node bench/kube-apiserver-build.ts`, once) and etcd; ends with 1 where there is a difference.
 */
import { readFileSync } from 'node:fs';
import { kubeApiserverName, startKubeApiserver } from '../../bench/kube-apiserver-peer.ts';
import { readKubeconfig } from '../../src/cli/kubeconfig.ts';
import { World } from '../world.ts';
import { compareFields } from './fields.ts';
import { compareSequences } from './sequences.ts';
import { Server, type Servers } from './server.ts';

async function main([part = 'all', filter = '', seed = '1']: readonly string[]): Promise<number> {
  if (kubeApiserverName() === undefined) {
    console.error('there is no kube-apiserver to ask: build one with "node bench/kube-apiserver-build.ts"');
    return 2;
  }
  await using peer = await startKubeApiserver();
  await using world = await World.empty();
  await world.up('--runtime', 'simulated', '--no-example', '--sites', 'north');
  const theirs = new Server(peer);
  const [hub, site] = [serverOf(world, 'hub'), serverOf(world, 'north')];
  let differences = 0;
  try {
    await prepare([theirs, hub, site]);
    if (part !== 'sequences') differences += await compareFields({ theirs, ours: site }, filter);
    // At the hub, where no controller works on what is written.
    const servers: Servers = { theirs, ours: hub };
    if (part !== 'fields') differences += await compareSequences(servers, { filter, seed: Number(seed) });
  } finally {
    for (const server of [theirs, hub, site]) server.close();
  }
  return differences === 0 ? 0 : 1;
}

function serverOf({ kubeconfig }: World, name: string): Server {
  const context = readKubeconfig(readFileSync(kubeconfig, 'utf8')).find((each) => each.name === name);
  if (context === undefined) throw new Error(`the kubeconfig has no context "${name}"`);
  return new Server({ context });
}

/** What the objects refer to. No controller beside kube-apiserver makes service accounts; ours are there by then. */
async function prepare(servers: readonly Server[]): Promise<void> {
  const runtimeClass = { metadata: { name: 'rc' }, handler: 'h', overhead: { podFixed: { cpu: '10m' } } };
  for (const server of servers) {
    for (const name of ['t', 'q', 'n', 'x']) {
      await server.ask('POST', '/api/v1/namespaces', { metadata: { name } });
      const account = { metadata: { name: 'default' } };
      await server.ask('POST', `/api/v1/namespaces/${name}/serviceaccounts`, account);
    }
    await server.ask('POST', '/apis/node.k8s.io/v1/runtimeclasses', runtimeClass);
    const storageClass = { metadata: { name: 'sc' }, provisioner: 'x' };
    await server.ask('POST', '/apis/storage.k8s.io/v1/storageclasses', storageClass);
  }
}

process.exitCode = await main(process.argv.slice(2));
