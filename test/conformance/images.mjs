// The images that Kubernetes' end-to-end tests ask for, under the names that Kubernetes 1.33 has for them: agnhost as it is,
// the others stand-ins of Debian's busybox that answer as the tests want. Called by build.ts: ARCHIVE FOLDER AGNHOST PAUSE SOURCE.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { file, folder, link } from '../images/entries.mjs';
import { ociArchive } from '../images/oci.mjs';
import { architecture, output, programEntries, unpackPool } from '../images/packages.mjs';
import { tar } from '../images/tar.mjs';

/** @typedef {import('../images/tar.mjs').Entry} Entry */

const REGISTRY = 'registry.k8s.io/e2e-test-images';
const ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const FOLDERS =
  'bin dev etc home proc root run sbin sys uploads usr usr/bin usr/sbin usr/local usr/local/apache2 usr/local/bin var var/lib var/log';

const PAGES = 'usr/local/apache2/htdocs';

/** Applets in place of which agnhost's image has a program of its own. */
const OWN_PROGRAMS = new Set(['bash', 'nc', 'sh', 'ss']);

/** @returns {Entry} */
const program = (/** @type {string} */ path, /** @type {string} */ source) => ({
  path,
  type: 'file',
  content: readFileSync(source),
  mode: 0o755,
});

/** A small system, with the user and the group that tests of security contexts look for. */
function system(/** @type {string} */ pool, without = new Set()) {
  const applets = output(pool, '/bin/busybox', ['--list']).trim().split('\n');
  return [
    ...programEntries(pool, ['/bin/busybox']),
    ...applets
      .filter((name) => name !== 'busybox' && !without.has(name))
      .map((name) => link(`bin/${name}`, 'busybox')),
    ...FOLDERS.split(' ').map((path) => folder(path)),
    folder('tmp', 0o1777),
    folder('var/tmp', 0o1777),
    link('var/run', '/run'),
    file('etc/passwd', 'root:x:0:0::/root:/bin/sh\nuser-defined-in-image:x:1000:1000::/home:/bin/sh\n'),
    file(
      'etc/group',
      'root:x:0:\nuser-defined-in-image:x:1000:\ngroup-defined-in-image:x:50000:user-defined-in-image\n',
    ),
    file('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  ];
}

/** All of them; `made` has the paths of programs, of agnhost's source, and of a folder for what is fetched. */
function images(/** @type {{ agnhost: string, pause: string, folder: string, source: string }} */ made) {
  const pool = join(made.folder, 'pool');
  const packages = ['busybox-static', 'bash', 'curl', 'iproute2', 'netcat-openbsd'];
  unpackPool(packages, { folder: pool, cache: join(made.folder, 'packages') });
  const small = tar(system(pool));
  const tools = tar([
    ...system(pool, OWN_PROGRAMS),
    ...programEntries(pool, ['/bin/bash', '/bin/nc.openbsd', '/bin/ss', '/usr/bin/curl']),
    link('bin/nc', 'nc.openbsd'),
    link('bin/sh', 'bash'),
  ]);
  const agnhost = tar([
    program('agnhost', made.agnhost),
    link('agnhost-2', 'agnhost'),
    // What its server proves itself by over TLS.
    ...['localhost.crt', 'localhost.key'].map((name) =>
      file(name, readFileSync(join(made.source, 'porter', name), 'utf8')),
    ),
  ]);
  // As upstream's servers: tests move the page away, and the first process must end when it is told to.
  const serve = ['sh', '-c', `trap exit TERM; httpd -f -p 80 -h /${PAGES} & wait`];
  const site = (/** @type {string} */ index, /** @type {Entry[]} */ ...more) => [
    small,
    tar([folder(PAGES), file(`${PAGES}/index.html`, index), ...more]),
  ];
  const image = (
    /** @type {string} */ name,
    /** @type {Buffer[]} */ layers,
    /** @type {Record<string, unknown>} */ config,
  ) => ({
    names: [name.includes('/') ? name : `${REGISTRY}/${name}`],
    layers,
    config: { Env: ENV, ...config },
  });
  const works = '<html><body><h1>It works!</h1></body></html>\n';
  return [
    image('agnhost:2.53', [tools, agnhost], { Entrypoint: ['/agnhost'], Cmd: ['pause'] }),
    image('busybox:1.36.1-1', [small], { Cmd: ['sh'] }),
    ...['httpd:2.4.38-4', 'httpd:2.4.39-4', 'nginx:1.14-4', 'nginx:1.15-4'].map((name) =>
      image(name, site(works, file(`${PAGES}/version`, name)), { Cmd: serve }),
    ),
    ...['nautilus', 'kitten'].map((name) =>
      image(`${name}:1.7`, site(name, file(`${PAGES}/data.json`, `{"image":"${name}.jpg"}`)), { Cmd: serve }),
    ),
    image('nonroot:1.4', [small], { User: '1234', Cmd: ['id', '-u'] }),
    image('registry.k8s.io/pause:3.10', [tar([program('pause', made.pause)])], {
      Entrypoint: ['/pause'],
    }),
  ];
}

const [path = '', folderOfAll = '', agnhost = '', pause = '', source = ''] = process.argv.slice(2);
writeFileSync(path, ociArchive(images({ agnhost, pause, folder: folderOfAll, source }), architecture()));
