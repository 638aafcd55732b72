import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { markOf, type NftTable, renderTable, renderUpdate } from '#network/nft-table.ts';
import { service, slice, testNetwork } from '#network/service-objects.fixture.ts';
import { serviceRules } from '#network/service-rules.ts';
import { serviceStates } from '#network/service-states.fixture.ts';

function table(addresses: Record<string, string[]>, spec: { sessionAffinity?: 'ClientIP' } = {}): NftTable {
  const names = Object.keys(addresses);
  const state = {
    services: names.map((name, index) => service(name, `10.61.1.${index + 10}`, spec)),
    slices: names.map((name) => slice(name, addresses[name] ?? [])),
    pods: [],
  };
  return serviceRules(state, { network: testNetwork, bridgeNetfilter: true }).table;
}

function update(from: NftTable, to: NftTable): string[] {
  return renderUpdate(from, to)
    .replaceAll(/\n\s*/gu, ' ')
    .replaceAll(/ (?=(?:add|delete|flush) )/gu, '\n')
    .replaceAll(/loaded-[0-9a-f]{16}/gu, 'loaded')
    .trim()
    .split('\n')
    .map((line) => line.replace(' inet skerry-0a1b2c3d', ''));
}

test('a table is replaced in one transaction, and carries its mark', () => {
  const text = renderTable(table({}));
  assert.match(
    text,
    /^table inet skerry-0a1b2c3d\ndelete table inet skerry-0a1b2c3d\ntable inet skerry-0a1b2c3d \{\n/u,
  );
  assert.match(text, /\tchain loaded-[0-9a-f]{16} \{\n\t\}\n\}\n$/u);
});

test('equal tables need no update, different ones have different marks', () => {
  assert.equal(renderUpdate(table({ web: ['10.60.1.5'] }), table({ web: ['10.60.1.5'] })), '');
  assert.notEqual(markOf(table({ web: ['10.60.1.5'] })), markOf(table({ web: ['10.60.1.6'] })));
});

test('an endpoint that moves touches its own chain alone', () => {
  assert.deepEqual(
    update(
      table({ web: ['10.60.1.5'], db: ['10.60.1.9'] }),
      table({ web: ['10.60.1.6'], db: ['10.60.1.9'] }),
    ),
    [
      'add chain loaded',
      'delete element hairpins { 10.60.1.5 . 10.60.1.5 }',
      'flush chain service/default/web/tcp/80',
      'add rule service/default/web/tcp/80 meta l4proto tcp dnat ip to 10.60.1.6:8080',
      'add element hairpins { 10.60.1.6 . 10.60.1.6 }',
      'delete chain loaded',
    ],
  );
});

test('a service that comes brings its chain before its element, one that goes takes its element first', () => {
  const none = table({});
  const one = table({ web: ['10.60.1.5'] });
  assert.deepEqual(update(none, one), [
    'add chain loaded',
    'add chain service/default/web/tcp/80',
    'add rule service/default/web/tcp/80 meta l4proto tcp dnat ip to 10.60.1.5:8080',
    'add element served-addresses { 10.61.1.10 . tcp . 80 : goto service/default/web/tcp/80 }',
    'add element hairpins { 10.60.1.5 . 10.60.1.5 }',
    'delete chain loaded',
  ]);
  assert.deepEqual(update(one, none), [
    'add chain loaded',
    'delete element served-addresses { 10.61.1.10 . tcp . 80 : goto service/default/web/tcp/80 }',
    'delete element hairpins { 10.60.1.5 . 10.60.1.5 }',
    'flush chain service/default/web/tcp/80',
    'delete chain service/default/web/tcp/80',
    'delete chain loaded',
  ]);
});

test('the clients of an endpoint are remembered across updates of others', () => {
  const affinity = { sessionAffinity: 'ClientIP' } as const;
  const lines = update(
    table({ web: ['10.60.1.5', '10.60.1.6'] }, affinity),
    table({ web: ['10.60.1.5', '10.60.1.7'] }, affinity),
  );
  const sets = lines
    .filter((line) => /^(?:add|delete) set/u.test(line))
    .map((line) => line.split(' ').slice(0, 3).join(' '));
  assert.deepEqual(sets, [
    'add set clients-10800s/service/default/web/tcp/80/10.60.1.7/8080',
    'delete set clients-10800s/service/default/web/tcp/80/10.60.1.6/8080',
  ]);
});

test('an update names each chain and each set element of the difference, and nothing else', () => {
  fc.assert(
    fc.property(serviceStates(), serviceStates(), (before, after) => {
      const options = { network: testNetwork, bridgeNetfilter: true };
      const from = serviceRules(before, options).table;
      const to = serviceRules(after, options).table;
      const text = renderUpdate(from, to);
      for (const name of to.chains.keys())
        if (!from.chains.has(name)) assert.ok(text.includes(`add chain inet ${to.name} ${name}\n`), name);
      for (const name of from.chains.keys())
        if (!to.chains.has(name)) assert.ok(text.includes(`delete chain inet ${to.name} ${name}\n`), name);
      assert.equal(text === '', markOf(from) === markOf(to));
    }),
  );
});
