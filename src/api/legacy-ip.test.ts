import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidrWarnings, ipWarnings } from '#api/ip-form.ts';
import { checkEndpointIp, checkLegacyCidr, checkLegacyIp } from '#api/legacy-ip.ts';

test('zeros before the parts of an address are taken, and told', () => {
  const future = 'will be considered invalid in a future Kubernetes release';
  for (const text of ['10.0.0.1', '010.001.0.010', '::ffff:01.2.3.4', '2001:DB8:0:0:0:0:0:1'])
    assert.deepEqual(checkLegacyIp('f', text), [], text);
  for (const text of ['', 'x', '10.0.0.256', '1.2.3']) assert.equal(checkLegacyIp('f', text).length, 1, text);
  assert.deepEqual(checkLegacyIp('f', 'x', ['x']), [], 'it was valid once');
  assert.deepEqual(ipWarnings('f', '10.0.0.1'), []);
  assert.deepEqual(ipWarnings('f', '010.0.0.1'), [
    `f: non-standard IP address "010.0.0.1" ${future}: use "10.0.0.1"`,
  ]);
  assert.deepEqual(checkLegacyCidr('f', '10.1.2.3/08'), []);
  assert.deepEqual(cidrWarnings('f', '10.1.2.3/08'), [
    'f: CIDR value "10.1.2.3/08" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.2.3/32"?)',
    `f: non-standard CIDR value "10.1.2.3/08" ${future}: use "10.0.0.0/8"`,
  ]);
});

test('an endpoint is not at an address that leads nowhere else', () => {
  for (const text of ['0.0.0.0', '127.1.2.3', '169.254.1.1', '224.0.0.5', '::', '::1', 'fe80::1', 'ff02::1'])
    assert.equal(checkEndpointIp('f', text).length, 1, text);
  for (const text of ['10.0.0.1', '224.0.1.5', '2001:db8::1'])
    assert.deepEqual(checkEndpointIp('f', text), []);
});
