import type { Pod } from '#api/core/pod.ts';
import type { Service } from '#api/core/service.ts';
import type { Draft } from '#api/object.ts';

/** For tests: a Service `shop/web` of pods labelled `app: web`, port 80 to their port `http`. */
export function webService(spec: Partial<Service['spec']> = {}): Draft<Service> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'web', labels: { team: 'blue' } },
    spec: {
      clusterIP: '10.43.0.10',
      selector: { app: 'web' },
      ports: [{ name: 'web', port: 80, targetPort: 'http', protocol: 'TCP' }],
      ipFamilies: ['IPv4'],
      ...spec,
    },
  };
}

/** For tests: a pod of that Service on `host-a`. */
export function webPod(
  name: string,
  {
    ip,
    ready = true,
    port = 8080,
    phase = 'Running',
    metadata = {},
    spec = {},
  }: {
    ip: string;
    ready?: boolean;
    port?: number;
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
    metadata?: Partial<Pod['metadata']>;
    spec?: Partial<Pod['spec']>;
  },
): Draft<Pod> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name, uid: `uid-${name}`, labels: { app: 'web' }, ...metadata },
    spec: {
      containers: [
        { name: 'main', image: 'web:1', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] },
      ],
      nodeName: 'host-a',
      ...spec,
    },
    status: {
      phase,
      ...(ip === '' ? {} : { podIP: ip, podIPs: [{ ip }] }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}
