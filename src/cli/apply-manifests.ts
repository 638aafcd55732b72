import { parseAllDocuments } from 'yaml';
import { BUILTIN_RESOURCES } from '#api/catalogue.ts';
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf } from '#api/resource.ts';
import { CommandError } from '#cli/screen.ts';
import type { Client } from '#client/client.ts';
import type { Disk } from '#system/disk.ts';

/** Every manifest of a folder's YAML files, in the order of their names. */
export async function readManifests(disk: Disk, folder: string): Promise<KubeObject[]> {
  const files = (await disk.list(folder)).filter((name) => /\.ya?ml$/u.test(name));
  if (files.length === 0) throw new CommandError(`${folder} has no manifests (*.yaml)`);
  const manifests: KubeObject[] = [];
  for (const file of files) {
    const text = Buffer.from((await disk.read(`${folder}/${file}`)) ?? new Uint8Array()).toString('utf8');
    manifests.push(...manifestsOf(text, file));
  }
  return manifests;
}

function manifestsOf(text: string, file: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new CommandError(`${file}: ${error.message}`);
    const value = document.toJS() as KubeObject | null;
    return value === null ? [] : [value];
  });
}

/** Applies one manifest by server-side apply, taking over its fields. */
export async function applyManifest(client: Client, manifest: KubeObject): Promise<KubeObject> {
  const type = BUILTIN_RESOURCES.find(
    (candidate) => candidate.kind === manifest.kind && apiVersionOf(candidate) === manifest.apiVersion,
  );
  if (type === undefined) throw new CommandError(`no kind ${manifest.apiVersion} ${manifest.kind} is known`);
  const { name, namespace } = manifest.metadata;
  const target = type.namespaced ? { name, namespace: namespace ?? 'default' } : { name };
  return client.patch(type, target, {
    patchType: 'apply',
    patch: manifest,
    fieldManager: 'skerry-cli',
    force: true,
  });
}
