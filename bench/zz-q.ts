import { mkdirSync, rmSync } from 'node:fs';
import { createSqliteStore } from '#store/sqlite.ts';
import { openDatabase } from '#store/sqlite-database.ts';

const W = Number(process.argv[2] ?? 64),
  size = Number(process.argv[3] ?? 3072);
for (let r = 0; r < 4; r++) {
  rmSync('/tmp/sb/l', { recursive: true, force: true });
  mkdirSync('/tmp/sb/l');
  const real = openDatabase('/tmp/sb/l/x.db');
  const t = { commit: 0, cp: 0, n: 0, ncp: 0, cpmax: 0 };
  const db = new Proxy(real, {
    get(o, p) {
      if (p === 'prepare')
        return (sql: string) => {
          const s = o.prepare(sql);
          if (sql === 'COMMIT') {
            const run = s.run.bind(s);
            s.run = (() => {
              const a = performance.now();
              const x = run();
              t.commit += performance.now() - a;
              t.n++;
              return x;
            }) as never;
          }
          if (sql.includes('PASSIVE')) {
            const get = s.get.bind(s);
            s.get = (() => {
              const a = performance.now();
              const x = get();
              const d = performance.now() - a;
              t.cp += d;
              t.cpmax = Math.max(t.cpmax, d);
              t.ncp++;
              return x;
            }) as never;
          }
          return s;
        };
      const v = Reflect.get(o, p, o);
      return typeof v === 'function' ? v.bind(o) : v;
    },
  });
  const store = createSqliteStore(db as never, { defer: setImmediate });
  const value = Buffer.alloc(size, 'x');
  let i = 0,
    run = true;
  const loops = Array.from({ length: W }, async () => {
    while (run) {
      i++;
      await store.commit([
        {
          type: 'put',
          key: '/registry/pods/default/pod-' + String(i % 10000).padStart(6, '0'),
          value,
          revisionOffset: 500,
        },
      ]);
    }
  });
  await new Promise((r) => setTimeout(r, 500));
  Object.assign(t, { commit: 0, cp: 0, n: 0, ncp: 0, cpmax: 0 });
  const i0 = i,
    s = performance.now(),
    c = process.cpuUsage();
  await new Promise((r) => setTimeout(r, 2000));
  const w = performance.now() - s,
    d = process.cpuUsage(c);
  console.log(
    'rate',
    Math.round(((i - i0) / w) * 1000),
    'perCpu',
    Math.round((i - i0) / ((d.user + d.system) / 1e6)),
    'user',
    d.user / 1e6,
    'sys',
    d.system / 1e6,
    'commit ms',
    t.commit.toFixed(0),
    'n',
    t.n,
    'each',
    (t.commit / t.n).toFixed(2),
    'checkpoint ms',
    t.cp.toFixed(0),
    'n',
    t.ncp,
    'max',
    t.cpmax.toFixed(1),
  );
  run = false;
  await Promise.all(loops);
  await store[Symbol.asyncDispose]();
}
