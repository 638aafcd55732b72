import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedIn, generateSchemas } from './generate-schemas.ts';

test('the checked-in schemas are what the generator makes', async () => {
  for (const [path, text] of await generateSchemas()) {
    assert.ok(
      (await checkedIn(path)) === text,
      `src/api/gen/${path} is out of date: run node tools/generate-schemas.ts`,
    );
  }
});
