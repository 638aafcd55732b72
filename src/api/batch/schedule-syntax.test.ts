import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleErrors } from '#api/batch/schedule-syntax.ts';

test('schedules that are valid', () => {
  const valid = [
    '* * * * *',
    '*/5 0-6 1,15 jan-mar mon-fri',
    '0 22 * * 0',
    '5/10 * * * ?',
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
    '* * * * 7',
    '*/0 * * * *',
    '5-1 * * * *',
    '1-2-3 * * * *',
    '@fortnightly',
    'x * * * *',
  ];
  for (const schedule of invalid) assert.notDeepEqual(scheduleErrors(schedule), [], schedule);
  const words: [string, string][] = [
    ['* 25 * * *', 'end of range (25) above maximum (23): 25'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['a', 'expected exactly 5 fields, found 1: [a]'],
    ['@every x', 'failed to parse duration @every x: time: invalid duration "x"'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
  ];
  for (const [schedule, wanted] of words) assert.deepEqual(scheduleErrors(schedule), [wanted]);
});
