import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frontend } from '#network/frontend.ts';
import { staleFlowFilters } from '#network/udp-flows.ts';

function frontend(endpoints: string[], more: Partial<Frontend> = {}): Frontend {
  return {
    name: 'service/default/feed/udp/9000',
    protocol: 'udp',
    addresses: [{ address: '10.61.1.18', port: 9000, restricted: false }],
    hostPorts: [30_900],
    endpoints: endpoints.map((address) => ({ address, port: 8080 })),
    sourceCidrs: [],
    ...more,
  };
}

const flowsOf = (before: Frontend[], after: Frontend[]): string[] =>
  staleFlowFilters(before, after).map((filter) => filter.join(' '));

test('flows to an endpoint that is gone are forgotten, unless another service still leads there', () => {
  const gone = ['--dst-nat 10.60.1.5 --reply-port-src 8080'];
  assert.deepEqual(flowsOf([frontend(['10.60.1.5', '10.60.1.6'])], [frontend(['10.60.1.6'])]), gone);
  assert.deepEqual(flowsOf([frontend(['10.60.1.5'])], []), gone);
  const other = frontend(['10.60.1.5'], { name: 'service/default/other/udp/1' });
  assert.deepEqual(
    flowsOf([frontend(['10.60.1.5', '10.60.1.6']), other], [frontend(['10.60.1.6']), other]),
    [],
  );
});

test('flows that began before anyone answered are forgotten when someone does', () => {
  const expected = ['--orig-dst 10.61.1.18 --orig-port-dst 9000', '--orig-port-dst 30900'];
  assert.deepEqual(flowsOf([], [frontend(['10.60.1.5'])]), expected);
  assert.deepEqual(flowsOf([frontend([])], [frontend(['10.60.1.5'])]), expected);
  assert.deepEqual(flowsOf([], [frontend([])]), []);
});

test('TCP, unchanged services and further endpoints forget nothing', () => {
  assert.deepEqual(flowsOf([frontend(['10.60.1.5'], { protocol: 'tcp' })], []), []);
  assert.deepEqual(flowsOf([frontend(['10.60.1.5'])], [frontend(['10.60.1.5'])]), []);
  assert.deepEqual(flowsOf([frontend(['10.60.1.5'])], [frontend(['10.60.1.5', '10.60.1.6'])]), []);
});
