import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
before(async () => {
  server = await startTestServer();
  const data = { yes: 'on', number: '5', text: 'a: b\nc\n' };
  await server.call({ method: 'POST', path: MAPS, body: { metadata: { name: 'map' }, data } });
});
after(() => server.stop());

test('whoever accepts YAML alone, or first, gets YAML: objects, lists, discovery and errors', async () => {
  for (const path of [`${MAPS}/map`, MAPS, '/api/v1', `${MAPS}/none`]) {
    const yaml = await server.call({ path, headers: { accept: 'application/yaml, application/json' } });
    const json = await server.call({ path, headers: { accept: 'application/json' } });
    assert.equal(yaml.headers['content-type'], 'application/yaml', path);
    assert.equal(yaml.status, json.status, path);
    assert.deepEqual(parse(yaml.text, { version: '1.1' }), json.body, path);
  }
  const { text } = await server.call({ path: `${MAPS}/map`, headers: { accept: 'application/yaml' } });
  assert.match(text, /^ {2}"?yes"?: "on"$/mu, 'what older readers take for a boolean is in quotes');
});

test('JSON that stands first stays JSON', async () => {
  const accept = 'application/json, application/yaml';
  const { headers } = await server.call({ path: `${MAPS}/map`, headers: { accept } });
  assert.equal(headers['content-type'], 'application/json');
});

test('people read indented answers, and programs do not', async () => {
  const textOf = async (path: string, headers: Record<string, string>): Promise<string> =>
    (await server.call({ path, headers })).text;
  const plain = await textOf(`${MAPS}/map`, {});
  const indented = `${JSON.stringify(JSON.parse(plain), null, 2)}\n`;
  assert.equal(await textOf(`${MAPS}/map`, { 'user-agent': 'curl/8.0' }), indented);
  assert.equal(await textOf(`${MAPS}/map?pretty=true`, {}), indented);
  assert.equal(await textOf(`${MAPS}/map?pretty=false`, { 'user-agent': 'curl/8.0' }), plain);
  assert.equal(await textOf(`${MAPS}/map`, { 'user-agent': 'kubectl/v1.33.0' }), plain);
});

test('watches are not served as YAML', async () => {
  const answer = await server.call({ path: `${MAPS}?watch=true`, headers: { accept: 'application/yaml' } });
  assert.match(refusalOf(answer), /^406 NotAcceptable: watches and answers beyond 1048576 bytes/u);
});

test('a version of a table that there is not is not acceptable', async () => {
  const accept = 'application/json;as=Table;v=v9;g=meta.k8s.io';
  assert.match(refusalOf(await server.call({ path: MAPS, headers: { accept } })), /^406 NotAcceptable/u);
  const list = `${accept}, application/json`;
  assert.equal((await server.call({ path: MAPS, headers: { accept: list } })).body.kind, 'ConfigMapList');
});
