// The images that the examples and tests use, under the names that upstream's manifests use. Each is a stand-in made of
// Debian's programs that behaves as upstream's image does; its contents and digest are its own.

import { file, folder, link } from './entries.mjs';
import { output, programEntries } from './packages.mjs';
import { tar } from './tar.mjs';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The shell and the small programs that every image has, and the files that programs expect of a system. */
function base(
  /** @type {string} */ pool,
  /** @type {{ name: string, id: number, home: string }[]} */ users = [],
) {
  const applets = output(pool, '/bin/busybox', ['--list']).trim().split('\n');
  const accounts = [
    { name: 'root', id: 0, home: '/root' },
    { name: 'daemon', id: 1, home: '/usr/sbin' },
    { name: 'www-data', id: 33, home: '/var/www' },
    ...users,
    { name: 'nobody', id: 65534, home: '/nonexistent' },
  ];
  return [
    ...programEntries(pool, ['/bin/busybox']),
    ...applets.filter((name) => name !== 'busybox').map((name) => link(`bin/${name}`, 'busybox')),
    ...[
      'bin',
      'dev',
      'etc',
      'home',
      'proc',
      'run',
      'sys',
      'usr',
      'usr/bin',
      'usr/sbin',
      'usr/local',
      'usr/local/bin',
    ].map((path) => folder(path)),
    ...['var', 'var/log', 'var/lib', 'var/cache', 'sbin'].map((path) => folder(path)),
    folder('root', 0o700),
    folder('tmp', 0o1777),
    folder('var/tmp', 0o1777),
    link('var/run', '/run'),
    link('usr/bin/env', '/bin/env'),
    file(
      'etc/passwd',
      accounts.map(({ name, id, home }) => `${name}:x:${id}:${id}:${name}:${home}:/bin/sh\n`).join(''),
    ),
    file('etc/group', accounts.map(({ name, id }) => `${name}:x:${id}:\n`).join('')),
    file('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
  ];
}

const named = (/** @type {string} */ repository, /** @type {string[]} */ tags) =>
  tags.map((tag) => `${repository}:${tag}`);

const busybox = {
  family: 'busybox',
  packages: ['busybox-static'],
  images(/** @type {string} */ pool) {
    const tags = [
      'latest',
      '1.36',
      '1.36.1',
      '1.37',
      '1.35',
      '1.34',
      '1.28',
      '1.27.2',
      'stable',
      'musl',
      'glibc',
      'uclibc',
    ];
    const names = [
      ...named('docker.io/library/busybox', tags),
      ...named('registry.k8s.io/busybox', ['latest', '1.27.2']),
    ];
    return [{ names, layers: [tar(base(pool))], config: { Env: [PATH], Cmd: ['sh'] } }];
  },
};

const NGINX_USER = 101;

const NGINX_CONF = `user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;

events {
  worker_connections 1024;
}

http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /var/log/nginx/access.log combined;
  client_body_temp_path /var/cache/nginx/client_temp;
  proxy_temp_path /var/cache/nginx/proxy_temp;
  fastcgi_temp_path /var/cache/nginx/fastcgi_temp;
  uwsgi_temp_path /var/cache/nginx/uwsgi_temp;
  scgi_temp_path /var/cache/nginx/scgi_temp;
  sendfile on;
  keepalive_timeout 65;
  include /etc/nginx/conf.d/*.conf;
}
`;

const NGINX_DEFAULT_SERVER = `server {
  listen 80;
  server_name localhost;

  location / {
    root /usr/share/nginx/html;
    index index.html index.htm;
  }
}
`;

const MIME_TYPES = {
  'text/html': 'html htm',
  'text/css': 'css',
  'text/plain': 'txt',
  'text/xml': 'xml',
  'application/javascript': 'js mjs',
  'application/json': 'json',
  'application/pdf': 'pdf',
  'application/wasm': 'wasm',
  'application/zip': 'zip',
  'font/woff2': 'woff2',
  'image/gif': 'gif',
  'image/jpeg': 'jpeg jpg',
  'image/png': 'png',
  'image/svg+xml': 'svg',
  'image/webp': 'webp',
  'image/x-icon': 'ico',
  'video/mp4': 'mp4',
};

/** Tags by the version that the page shows: each version is an image of its own, so that a change of tag can be seen. */
const NGINX_TAGS = {
  '1.14.2': ['1.14.2', '1.14'],
  '1.16.1': ['1.16.1', '1.16'],
  1.25: ['1.25', '1.25-alpine'],
  1.26: ['1.26', '1.26-alpine'],
  1.27: ['1.27', '1.27-alpine', 'latest', 'alpine', 'mainline', 'mainline-alpine', 'stable', 'stable-alpine'],
  1.28: ['1.28', '1.28-alpine'],
};

const nginx = {
  family: 'nginx',
  // Which of the two holds the program differs between releases.
  packages: ['nginx', 'nginx-light', 'busybox-static'],
  images(/** @type {string} */ pool) {
    const mimeTypes = Object.entries(MIME_TYPES).map(([type, endings]) => `  ${type} ${endings};\n`);
    const server = tar([
      ...base(pool, [{ name: 'nginx', id: NGINX_USER, home: '/nonexistent' }]),
      ...programEntries(pool, ['/usr/sbin/nginx']),
      ...['etc/nginx', 'etc/nginx/conf.d', 'usr/share', 'usr/share/nginx', 'usr/share/nginx/html'].map(
        (path) => folder(path),
      ),
      folder('var/cache/nginx', 0o755, NGINX_USER),
      folder('var/lib/nginx', 0o755, NGINX_USER),
      folder('var/log/nginx', 0o755, NGINX_USER),
      link('var/log/nginx/access.log', '/dev/stdout'),
      link('var/log/nginx/error.log', '/dev/stderr'),
      file('etc/nginx/mime.types', `types {\n${mimeTypes.join('')}}\n`),
      file('etc/nginx/nginx.conf', NGINX_CONF),
      file('etc/nginx/conf.d/default.conf', NGINX_DEFAULT_SERVER),
    ]);
    return Object.entries(NGINX_TAGS).map(([version, tags]) => ({
      names: named('docker.io/library/nginx', tags),
      layers: [server, tar(pages(version))],
      config: {
        Env: [PATH, `NGINX_VERSION=${version}`],
        Cmd: ['nginx', '-g', 'daemon off;'],
        ExposedPorts: { '80/tcp': {} },
        StopSignal: 'SIGQUIT',
        Labels: { 'org.opencontainers.image.version': version },
      },
    }));
  },
};

function pages(/** @type {string} */ version) {
  const page = (/** @type {string} */ title, /** @type {string} */ body) =>
    `<!DOCTYPE html>\n<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<p>${body}</p>\n</body>\n</html>\n`;
  return [
    file('usr/share/nginx/html/index.html', page('Welcome to nginx!', `nginx ${version}`)),
    file('usr/share/nginx/html/50x.html', page('Error', 'The page is not available now.')),
  ];
}

const REDIS_USER = 999;

/** Upstream's programs take connections from other pods as they come; Debian's do so only when told. */
const REDIS_SERVER = `#!/bin/sh
case "$1" in
  -v | --version | -h | --help | --test-memory | --check-system) exec /usr/bin/redis-server "$@" ;;
  '' | --*) exec /usr/bin/redis-server --protected-mode no "$@" ;;
esac
configuration=$1
shift
if [ "$configuration" = - ] || grep -q '^protected-mode' "$configuration"; then
  exec /usr/bin/redis-server "$configuration" "$@"
fi
exec /usr/bin/redis-server "$configuration" --protected-mode no "$@"
`;

/** Options or a configuration file alone are meant for the server. */
const REDIS_ENTRYPOINT = `#!/bin/sh
case "$1" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
`;

const redis = {
  family: 'redis',
  packages: ['redis-server', 'redis-tools', 'busybox-static'],
  images(/** @type {string} */ pool) {
    const layer = tar([
      ...base(pool, [{ name: 'redis', id: REDIS_USER, home: '/data' }]),
      ...programEntries(pool, ['/usr/bin/redis-server', '/usr/bin/redis-cli']),
      folder('data', 0o755, REDIS_USER),
      file('usr/local/bin/redis-server', REDIS_SERVER, 0o755),
      file('usr/local/bin/docker-entrypoint.sh', REDIS_ENTRYPOINT, 0o755),
      link('usr/local/bin/redis-cli', '/usr/bin/redis-cli'),
    ]);
    const tags = [
      'latest',
      'alpine',
      '7',
      '7-alpine',
      '7.0',
      '7.0-alpine',
      '7.2',
      '7.2-alpine',
      '7.4',
      '7.4-alpine',
      '6',
      '8',
    ];
    const config = {
      Env: [PATH],
      Entrypoint: ['docker-entrypoint.sh'],
      Cmd: ['redis-server'],
      ExposedPorts: { '6379/tcp': {} },
      WorkingDir: '/data',
      Volumes: { '/data': {} },
    };
    return [{ names: named('docker.io/library/redis', tags), layers: [layer], config }];
  },
};

/** Every family of images: its packages, and its images made from the pool of what they hold. */
export const recipes = [busybox, nginx, redis];
