// `npm start`: makes the machine ready and starts Skerry with the arguments given, `npm start -- --runtime simulated`.
// A simulated runtime has no containers: it needs neither root nor packages. Runs on Node 18 and later.

import { setUp, setUpOrExit } from './setup.mjs';

const args = process.argv.slice(2);
const runtime =
  args.find((arg) => arg.startsWith('--runtime='))?.slice('--runtime='.length) ??
  args[args.indexOf('--runtime') + 1];
const containers = !(runtime === 'simulated' && args.some((arg) => arg.startsWith('--runtime')));
await setUpOrExit(() => setUp({ purpose: 'start', containers }));

process.argv.splice(2, process.argv.length, 'up', ...args);
await import('../bin/skerry.mjs');
