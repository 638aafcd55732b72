import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { refusalOf, startTestServer, type TestServer } from '#apiserver/test-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
/** The revision at which only `a` and `b` are there; `c` comes after it. */
let then: string;
/** Where a list of two at `then` goes on after its first. */
let token: string;
before(async () => {
  server = await startTestServer();
  for (const name of ['a', 'b']) await create(name);
  then = String(server.store.revision);
  await create('c');
  const page = await list(`?limit=1&resourceVersion=${then}&resourceVersionMatch=Exact`);
  token = page.body.metadata.continue ?? '';
});
after(async () => {
  assert.deepEqual(
    server.complaints.filter((line) => !line.includes('Too large')),
    [],
  );
  await server.stop();
});

async function create(name: string): Promise<void> {
  assert.equal(
    (await server.call({ method: 'POST', path: CONFIG_MAPS, body: { metadata: { name } } })).status,
    201,
  );
}

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly KubeObject[];
}

function list(query: string, method = 'GET') {
  return server.call<List>({ method, path: `${CONFIG_MAPS}${query}` });
}

/** `a b… @then` of a list, or the refusal. */
async function outcome(query: string): Promise<string> {
  const answer = await list(query);
  if (answer.status !== 200) return refusalOf(answer as never);
  const { items, metadata } = answer.body;
  const names = items.map((item) => item.metadata.name).join(' ');
  return `${names}${metadata.continue === undefined ? '' : '…'} @${metadata.resourceVersion === then ? 'then' : 'now'}`;
}

const INVALID = '422 Invalid: ListOptions.meta.k8s.io "" is invalid: ';
const NEEDS_VERSION =
  'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided';
const NOT_EXACT_OF_ANY =
  'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
const NOT_WITH_CONTINUE =
  'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided';
const CONTINUE_HAS_ITS_OWN = '400 BadRequest: specifying resource version is not allowed when using continue';

/** Columns: no resourceVersion, "0", one of before. Rows: limit, continue, resourceVersionMatch. */
const table: { limit?: 1; goesOn?: true; match?: string; expected: readonly [string, string, string] }[] = [
  { expected: ['a b c @now', 'a b c @now', 'a b c @now'] },
  { limit: 1, expected: ['a… @now', 'a… @now', 'a… @then'] },
  { match: 'Exact', expected: [INVALID + NEEDS_VERSION, INVALID + NOT_EXACT_OF_ANY, 'a b @then'] },
  { match: 'NotOlderThan', expected: [INVALID + NEEDS_VERSION, 'a b c @now', 'a b c @now'] },
  { limit: 1, match: 'Exact', expected: [INVALID + NEEDS_VERSION, INVALID + NOT_EXACT_OF_ANY, 'a… @then'] },
  { limit: 1, match: 'NotOlderThan', expected: [INVALID + NEEDS_VERSION, 'a… @now', 'a… @now'] },
  { goesOn: true, expected: ['b @then', 'b @then', CONTINUE_HAS_ITS_OWN] },
  { limit: 1, goesOn: true, expected: ['b @then', 'b @then', CONTINUE_HAS_ITS_OWN] },
  {
    goesOn: true,
    match: 'NotOlderThan',
    expected: [
      `${INVALID}[${NEEDS_VERSION}, ${NOT_WITH_CONTINUE}]`,
      INVALID + NOT_WITH_CONTINUE,
      INVALID + NOT_WITH_CONTINUE,
    ],
  },
  {
    goesOn: true,
    match: 'Exact',
    expected: [
      `${INVALID}[${NEEDS_VERSION}, ${NOT_WITH_CONTINUE}]`,
      `${INVALID}[${NOT_WITH_CONTINUE}, ${NOT_EXACT_OF_ANY}]`,
      INVALID + NOT_WITH_CONTINUE,
    ],
  },
];

test('a list is as new as resourceVersion, its match, limit and continue say together', async () => {
  for (const { limit, goesOn, match, expected } of table) {
    const query = [
      ...(limit === undefined ? [] : [`limit=${limit}`]),
      ...(goesOn === undefined ? [] : [`continue=${token}`]),
      ...(match === undefined ? [] : [`resourceVersionMatch=${match}`]),
    ];
    const outcomes = [];
    for (const version of ['', '0', then])
      outcomes.push(await outcome(`?${[...query, `resourceVersion=${version}`].join('&')}`));
    assert.deepEqual(outcomes, expected, query.join('&'));
  }
});

test('what no list knows is refused, also when a collection is deleted', async () => {
  const refused: [string, string][] = [
    [
      '?resourceVersion=1&resourceVersionMatch=Almost',
      `${INVALID}resourceVersionMatch: Unsupported value: "Almost": supported values: "Exact", "NotOlderThan", ""`,
    ],
    [
      '?sendInitialEvents=true',
      `${INVALID}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`,
    ],
    ['?resourceVersionMatch=Exact', INVALID + NEEDS_VERSION],
    ['?limit=-1', '400 BadRequest: limit: Invalid value: "-1": must be a number of at least 0'],
    ['?resourceVersion=-1', '400 BadRequest: resourceVersion: Invalid value: "-1": must be a number'],
  ];
  for (const [query, expected] of refused) {
    for (const method of ['GET', 'DELETE'])
      assert.equal(refusalOf((await list(query, method)) as never), expected, `${method} ${query}`);
  }
  assert.equal(await outcome(''), 'a b c @now');
});

test('of a collection no more is deleted than its limit', async () => {
  const { body } = await list('?limit=2&dryRun=All', 'DELETE');
  assert.deepEqual(
    body.items.map(({ metadata }) => metadata.name),
    ['a', 'b'],
  );
});

test('a watch that says nothing together is refused', async () => {
  const refused: [string, string][] = [
    [
      'resourceVersionMatch=NotOlderThan',
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
    [
      'sendInitialEvents=false',
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    [
      'sendInitialEvents=true&resourceVersionMatch=Exact',
      '[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
    ],
    [`sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=${'x'}`, NOT_WITH_CONTINUE],
  ];
  for (const [query, expected] of refused) {
    const { status, refusal } = await server.watch(`${CONFIG_MAPS}?watch=1&${query}`);
    assert.deepEqual([status, refusal?.message], [422, (INVALID + expected).replace(/^422 Invalid: /u, '')]);
  }
});
