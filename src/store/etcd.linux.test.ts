import { after, before, test } from 'node:test';
import { describeStore } from '#store/conformance.ts';
import { openEtcdStore } from '#store/etcd.ts';
import { type EtcdMember, emptyEtcd, startEtcd, withoutEtcd } from '#store/etcd-member.linux.fixture.ts';
import { must } from '#system/assert.ts';
import { realClock, realDefer, realRandom } from '#system/real.ts';

const obstacle = withoutEtcd();
if (obstacle === false) describeEtcd();
else test('the etcd store passes the conformance suite', { skip: obstacle }, () => undefined);

function describeEtcd(): void {
  let members: EtcdMember[] = [];

  before(async () => {
    members = await startEtcd();
  });
  after(async () => {
    for (const member of members) await member[Symbol.asyncDispose]();
  });

  describeStore('etcd', async () => ({
    open: (options) =>
      openEtcdStore({
        endpoints: members.map(({ endpoint }) => endpoint),
        tls: must(members[0], 'a member').tls,
        clock: realClock,
        random: realRandom,
        defer: realDefer,
        ...options,
      }),
    remove: () => emptyEtcd(members),
  }));
}
