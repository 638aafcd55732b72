import type { Pod } from '#api/core/pod.ts';
import type { Service } from '#api/core/service.ts';
import { composeEnvironment } from '#kubelet/environment/environment.ts';
import { expand } from '#kubelet/environment/expand.ts';
import type { ContainerContext, ContainerHook } from '#kubelet/hooks/container-hook.ts';
import { type KubeletSources, volumeObjectsOf } from '#kubelet/sources.ts';

/** The container's variables, and its command and arguments with references to them replaced. */
export const environmentHook: ContainerHook = {
  name: 'environment',
  async beforeCreate(context, draft) {
    const variables = environmentOf(context);
    const lookup = (name: string): string | undefined => variables.get(name);
    const { command = [], args = [] } = context.spec;
    return {
      ...draft,
      config: {
        ...draft.config,
        env: [...variables].map(([name, value]) => ({ name, value })),
        command: command.map((text) => expand(text, lookup)),
        args: args.map((text) => expand(text, lookup)),
      },
    };
  },
};

/** The variables of a container, for its environment and for `subPathExpr`. */
export function environmentOf({ host, pod, spec, addresses }: ContainerContext): Map<string, string> {
  const { configMap, secret } = volumeObjectsOf(host.sources, pod.metadata.namespace ?? '');
  return composeEnvironment({
    ...host,
    pod,
    addresses,
    container: spec,
    configMap,
    secret,
    services: servicesSeenBy(pod, host.sources),
  });
}

/** The API server's own service always; those of the pod's namespace unless it declines. */
function servicesSeenBy(pod: Pod, { services }: KubeletSources): Service[] {
  const master = services.get('default/kubernetes');
  const own =
    pod.spec.enableServiceLinks === false ? [] : services.list({ namespace: pod.metadata.namespace });
  return master === undefined || own.includes(master) ? own : [master, ...own];
}
