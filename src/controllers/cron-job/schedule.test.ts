import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSchedule } from '#controllers/cron-job/schedule.ts';
import { parseTimestamp, timestamp } from '#system/clock.ts';

const ms = (text: string): number => parseTimestamp(text) ?? 0;
const iso = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : timestamp(at).slice(0, 16);

for (const { schedule, zone, after, next } of [
  { schedule: '*/15 * * * *', after: '2026-01-01T00:07:00Z', next: '2026-01-01T00:15' },
  { schedule: '*/15 * * * *', after: '2026-01-01T00:15:00Z', next: '2026-01-01T00:30' },
  { schedule: '0 3 * * MON-FRI', after: '2026-01-02T12:00:00Z', next: '2026-01-05T03:00' },
  { schedule: '0 12 13 * FRI', after: '2026-01-01T00:00:00Z', next: '2026-01-02T12:00' },
  { schedule: '@daily', after: '2026-01-01T00:00:01Z', next: '2026-01-02T00:00' },
  {
    schedule: '0 8 * * *',
    zone: 'America/New_York',
    after: '2026-07-01T00:00:00Z',
    next: '2026-07-01T12:00',
  },
  { schedule: '30 2 * * *', zone: 'Europe/Berlin', after: '2026-03-28T12:00:00Z', next: '2026-03-29T01:00' },
  { schedule: '0 0 30 2 *', after: '2026-01-01T00:00:00Z', next: undefined },
  { schedule: '@every 1h30m', after: '2026-01-01T00:10:00Z', next: '2026-01-01T01:40' },
]) {
  test(`"${schedule}" ${zone ?? ''} is due next after ${after} at ${next ?? 'no time'}`, () => {
    assert.equal(iso(parseSchedule(schedule, zone).next(ms(after))), next);
  });
}

for (const { schedule, after, until, last } of [
  {
    schedule: '* * * * *',
    after: '2025-01-01T00:00:00Z',
    until: '2026-01-01T00:00:30Z',
    last: '2026-01-01T00:00',
  },
  {
    schedule: '0 3 * * *',
    after: '2026-01-01T00:00:00Z',
    until: '2026-01-10T02:59:00Z',
    last: '2026-01-09T03:00',
  },
  { schedule: '0 3 * * *', after: '2026-01-09T03:00:00Z', until: '2026-01-10T02:59:00Z', last: undefined },
  {
    schedule: '0 0 29 2 *',
    after: '2023-01-01T00:00:00Z',
    until: '2026-06-01T00:00:00Z',
    last: '2024-02-29T00:00',
  },
  {
    schedule: '@every 10m',
    after: '2026-01-01T00:03:00Z',
    until: '2026-01-01T00:25:00Z',
    last: '2026-01-01T00:23',
  },
]) {
  test(`"${schedule}" was due last before ${until} at ${last ?? 'no time'}`, () => {
    assert.equal(iso(parseSchedule(schedule).last(ms(after), ms(until))), last);
  });
}

test('a wrong schedule or time zone throws', () => {
  assert.throws(() => parseSchedule('61 * * * *'));
  assert.throws(() => parseSchedule('* * * * *', 'Nowhere/Else'));
});
