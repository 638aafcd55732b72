import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseNetworks, type NetworkSurroundings } from '#network/choose-networks.ts';

function choose(surroundings: Partial<NetworkSurroundings>): string {
  const { podCidr, serviceCidr } = chooseNetworks({
    routesJson: '',
    addressesJson: '',
    taken: [],
    ...surroundings,
  });
  return `${podCidr} ${serviceCidr}`;
}

test('the first networks of the pools are chosen on a machine with nothing but a default route', () => {
  assert.equal(choose({}), '10.60.0.0/24 10.61.0.0/24');
  const routesJson =
    '[{"dst":"default","gateway":"192.0.2.1","dev":"eth0"},{"dst":"192.0.2.0/24","dev":"eth0"}]';
  assert.equal(choose({ routesJson }), '10.60.0.0/24 10.61.0.0/24');
});

test('routes, addresses and what is recorded are gone round, larger and smaller ones too', () => {
  const cases: [Partial<NetworkSurroundings>, string][] = [
    [{ routesJson: '[{"dst":"10.60.0.0/24"},{"dst":"10.61.0.128/25"}]' }, '10.60.1.0/24 10.61.1.0/24'],
    [{ routesJson: '[{"dst":"10.60.0.0/20"}]' }, '10.60.16.0/24 10.61.0.0/24'],
    [{ routesJson: '[{"dst":"10.60.0.7"}]' }, '10.60.1.0/24 10.61.0.0/24'],
    [
      {
        addressesJson:
          '[{},{"addr_info":[{"family":"inet","local":"10.60.0.9","prefixlen":23},{"family":"inet6","local":"fe80::1","prefixlen":64}]}]',
      },
      '10.60.2.0/24 10.61.0.0/24',
    ],
    [{ taken: ['10.60.0.0/24', '10.61.0.0/24', '10.60.1.53', 'fd00::53'] }, '10.60.2.0/24 10.61.1.0/24'],
  ];
  for (const [surroundings, expected] of cases) assert.equal(choose(surroundings), expected);
});

test('one pool can serve both, and a pool without room is an error that names it', () => {
  const pools = { podPoolCidr: '172.20.0.0/23', servicePoolCidr: '172.20.0.0/23' };
  assert.equal(choose(pools), '172.20.0.0/24 172.20.1.0/24');
  assert.throws(
    () => choose({ ...pools, taken: ['172.20.0.0/24'] }),
    /no \/24 of 172\.20\.0\.0\/23 is free/u,
  );
});
