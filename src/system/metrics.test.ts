import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, SERIES_MAX } from '#system/metrics.ts';

test('counters, gauges and histograms as Prometheus reads them', () => {
  const metrics = createMetrics();
  const made = metrics.counter({ name: 'made_total', help: 'Things made.', labels: ['kind'] });
  const open = metrics.gauge({ name: 'open', help: 'Open\nthings.', labels: [] });
  const times = metrics.histogram({ name: 'seconds', help: 'Times.', labels: ['kind'] }, [0.1, 1]);
  made.add(['a"b\\c\n']);
  made.add(['a"b\\c\n'], 2);
  open.add([], 3);
  open.add([], -1);
  for (const value of [0.1, 0.5, 7]) times.observe(['x'], value);
  assert.equal(
    metrics.expose(),
    [
      '# HELP made_total Things made.',
      '# TYPE made_total counter',
      String.raw`made_total{kind="a\"b\\c\n"} 3`,
      String.raw`# HELP open Open\nthings.`,
      '# TYPE open gauge',
      'open 2',
      '# HELP seconds Times.',
      '# TYPE seconds histogram',
      'seconds_bucket{kind="x",le="0.1"} 1',
      'seconds_bucket{kind="x",le="1"} 2',
      'seconds_bucket{kind="x",le="+Inf"} 3',
      'seconds_sum{kind="x"} 7.6',
      'seconds_count{kind="x"} 3',
      '',
    ].join('\n'),
  );
});

test('series beyond the limit are counted together', () => {
  const metrics = createMetrics();
  const made = metrics.counter({ name: 'made_total', help: 'Things made.', labels: ['kind'] });
  for (let index = 0; index < SERIES_MAX + 10; index += 1) made.add([String(index)]);
  const text = metrics.expose();
  assert.ok(text.includes('\nmade_total{kind="other"} 10\n'));
  assert.ok(text.split('\n').length <= SERIES_MAX + 4);
});
