import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleErrors } from '#api/batch/schedule-syntax.ts';

test('schedules that are valid', () => {
  const valid = [
    '* * * * *',
    '*/5 0-6 1,15 jan-mar mon-fri',
    '0 22 * * 0',
    '0 22 * * 7',
    '@daily',
    '@every 1h30m',
    ' 1 2 3 4 5 ',
  ];
  for (const schedule of valid) assert.deepEqual(scheduleErrors(schedule), [], schedule);
});

test('schedules that are not', () => {
  const invalid = [
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '*/0 * * * *',
    '5-1 * * * *',
    '1-2-3 * * * *',
    '@fortnightly',
    'TZ=UTC 0 0 * * *',
    'x * * * *',
  ];
  for (const schedule of invalid) assert.notDeepEqual(scheduleErrors(schedule), [], schedule);
  assert.deepEqual(scheduleErrors('* 25 * * *'), ['"25" is no valid hour']);
});
