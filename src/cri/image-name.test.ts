import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fullImageName } from '#cri/image-name.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('the full name of an image', () => {
  const situations: [given: string, full: string][] = [
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['grafana/grafana', 'docker.io/grafana/grafana:latest'],
    ['docker.io/library/nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['registry.k8s.io/pause:3.9', 'registry.k8s.io/pause:3.9'],
    ['localhost/app', 'localhost/app:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
    ['127.0.0.1:5000/a/b:2', '127.0.0.1:5000/a/b:2'],
    [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`],
    [`nginx:1.27@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`],
    [DIGEST, DIGEST],
  ];
  for (const [given, full] of situations) {
    it(`of ${given} is ${full}`, () => assert.equal(fullImageName(given), full));
  }
});
