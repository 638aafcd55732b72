import type { ResourceType } from '#api/resource.ts';
import { EXTRA_SUBRESOURCES } from '#apiserver/discovery.ts';
import { type ApiRequest, type ApiResponse, bytesResponse, utf8 } from '#apiserver/request.ts';
import { readableInfoOf, verbOf } from '#apiserver/request-info.ts';
import type { Clock } from '#system/clock.ts';
import { createMetrics, EXPOSITION_MEDIA_TYPE } from '#system/metrics.ts';

/** Bounds of the durations of requests, in seconds. */
const DURATION_BOUNDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 5, 10, 30, 60];

const VERBS: Readonly<Record<string, string>> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
};

/** Methods that are counted under their own name; any other is `other`. */
const METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The metrics of an API server, under the names that Kubernetes' dashboards and alerts know. */
export interface RequestMetrics {
  /** Runs a request and counts it. */
  measure(request: ApiRequest, answer: () => Promise<ApiResponse>): Promise<ApiResponse>;
  /** The answer to `/metrics`. */
  response(): ApiResponse;
}

/** `isKnown` bounds the labels: whatever else a path names is counted as nothing. */
export function createRequestMetrics(
  clock: Clock,
  isKnown: (type: Pick<ResourceType, 'group' | 'version' | 'plural'>) => boolean,
): RequestMetrics {
  const metrics = createMetrics();
  const labels = ['verb', 'dry_run', 'group', 'version', 'resource', 'subresource', 'scope', 'component'];
  const requests = metrics.counter({
    name: 'apiserver_request_total',
    help: 'Requests that were answered, by verb, kind and HTTP code.',
    labels: [...labels, 'code'],
  });
  const durations = metrics.histogram(
    {
      name: 'apiserver_request_duration_seconds',
      help: 'Time until a request was answered, in seconds; of a watch, until it began.',
      labels,
    },
    DURATION_BOUNDS,
  );
  const inflight = metrics.gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Requests that are being answered.',
    labels: ['request_kind'],
  });
  const longRunning = metrics.gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Watches and log streams that are open.',
    labels,
  });
  const follow = (response: ApiResponse, values: readonly string[]): ApiResponse => {
    const { body } = response;
    if (body.type !== 'stream') return response;
    return {
      ...response,
      body: {
        type: 'stream',
        start(sink) {
          longRunning.add(values, 1);
          sink.closed.addEventListener('abort', () => longRunning.add(values, -1), { once: true });
          body.start(sink);
        },
      },
    };
  };
  return {
    async measure(request, answer) {
      const values = labelsOf(request, isKnown);
      const kind = [
        values[0] === 'GET' || values[0] === 'LIST' || values[0] === 'WATCH' ? 'readOnly' : 'mutating',
      ];
      const startMs = clock.monotonic();
      inflight.add(kind, 1);
      try {
        const response = await answer();
        requests.add([...values, String(response.status)]);
        return follow(response, values);
      } finally {
        inflight.add(kind, -1);
        durations.observe(values, (clock.monotonic() - startMs) / 1000);
      }
    },
    response: () => bytesResponse(200, [utf8(metrics.expose())], { 'content-type': EXPOSITION_MEDIA_TYPE }),
  };
}

type IsKnown = Parameters<typeof createRequestMetrics>[1];

function labelsOf(request: ApiRequest, isKnown: IsKnown): string[] {
  const info = readableInfoOf(request);
  const method = METHODS.has(request.method) ? request.method : 'other';
  const none = [method, '', '', '', '', '', '', 'apiserver'];
  if (info?.type !== 'resource' || !isKnown(info) || method === 'other' || method === 'OPTIONS') return none;
  const { group, version, plural, subresource = '', namespace, name } = info;
  const verb = verbOf(method, info, request.query);
  return [
    VERBS[verb] ?? 'other',
    request.query.get('dryRun') === 'All' ? 'All' : '',
    group,
    version,
    plural,
    // One that a client has made up must not become a label.
    SUBRESOURCES.has(subresource) ? subresource : subresource === '' ? '' : 'other',
    name !== undefined ? 'resource' : namespace !== undefined ? 'namespace' : 'cluster',
    'apiserver',
  ];
}

const SUBRESOURCES = new Set(['status', 'scale', ...EXTRA_SUBRESOURCES.map(({ name }) => name)]);
