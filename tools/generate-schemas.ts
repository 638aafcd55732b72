/**
 * Writes `src/api/gen/`: the schemas and descriptions of Kubernetes' own kinds, from the model classes of
 * `@kubernetes/client-node`, which are generated from Kubernetes' OpenAPI document.
 *
 * Run: `node tools/generate-schemas.ts`. The output is deterministic; `generate-schemas.test.ts` holds the checked-in
 * files against it.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { QUANTITY_FIELDS } from '#api/merge-keys.ts';
import { type Model, readModel } from './client-node-models.ts';

const OUTPUT = new URL('../src/api/gen/', import.meta.url);

/** The classes from which a package's definitions are reached, in the order in which packages claim shared classes. */
const ROOTS: Readonly<Record<string, readonly string[]>> = {
  'meta/v1':
    'V1ObjectMeta V1ListMeta V1LabelSelector V1Condition V1DeleteOptions V1Status V1FieldSelectorRequirement'.split(
      ' ',
    ),
  'core/v1': [
    'V1Pod V1PodTemplate V1ReplicationController V1Service V1Endpoints V1Node V1Namespace V1ConfigMap V1Secret',
    'V1ServiceAccount V1PersistentVolume V1PersistentVolumeClaim V1LimitRange V1ResourceQuota CoreV1Event V1Binding V1TopologySelectorTerm V1ComponentStatus',
  ]
    .join(' ')
    .split(' '),
  'apps/v1': 'V1Deployment V1ReplicaSet V1StatefulSet V1DaemonSet V1ControllerRevision'.split(' '),
  'batch/v1': ['V1Job', 'V1CronJob'],
  'autoscaling/v1': ['V1HorizontalPodAutoscaler', 'V1Scale'],
  'autoscaling/v2': ['V2HorizontalPodAutoscaler'],
  'networking/v1': ['V1Ingress', 'V1IngressClass', 'V1NetworkPolicy', 'V1IPAddress', 'V1ServiceCIDR'],
  'policy/v1': ['V1PodDisruptionBudget', 'V1Eviction'],
  'rbac/v1': ['V1Role', 'V1ClusterRole', 'V1RoleBinding', 'V1ClusterRoleBinding'],
  'storage/v1': [
    'V1StorageClass',
    'V1CSIDriver',
    'V1CSINode',
    'V1CSIStorageCapacity',
    'V1VolumeAttachment',
    'V1VolumeAttributesClass',
  ],
  'coordination/v1': ['V1Lease'],
  'flowcontrol/v1': ['V1FlowSchema', 'V1PriorityLevelConfiguration'],
  'discovery/v1': ['V1EndpointSlice'],
  'events/v1': ['EventsV1Event'],
  'certificates/v1': ['V1CertificateSigningRequest'],
  'scheduling/v1': ['V1PriorityClass'],
  'node/v1': ['V1RuntimeClass'],
  'authentication/v1': ['V1TokenReview', 'AuthenticationV1TokenRequest', 'V1SelfSubjectReview'],
  'authorization/v1': [
    'V1SubjectAccessReview',
    'V1LocalSubjectAccessReview',
    'V1SelfSubjectAccessReview',
    'V1SelfSubjectRulesReview',
  ],
  'admissionregistration/v1': [
    'V1MutatingWebhookConfiguration',
    'V1ValidatingWebhookConfiguration',
    'V1ValidatingAdmissionPolicy',
    'V1ValidatingAdmissionPolicyBinding',
    'V1MutatingAdmissionPolicy',
    'V1MutatingAdmissionPolicyBinding',
  ],
  'apiextensions/v1': ['V1CustomResourceDefinition'],
  'apiregistration/v1': ['V1APIService'],
};

/** Class name prefixes that the client generator adds to tell equal names of two packages apart. */
const PREFIX =
  /^(?:(?:Core|Events|Discovery|Rbac|Storage|Authentication|Admissionregistration|Apiextensions|Apiregistration|Flowcontrol)?V\d)/;

/** Class types that are no definitions. */
const SCALARS: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  any: 'any',
  object: 'any',
  Date: 'time',
  V1MicroTime: 'micro-time',
  IntOrString: 'int-or-string',
};

/** Generated files by their path under `src/api/gen/`. */
export async function generateSchemas(): Promise<Map<string, string>> {
  const models = await reachableModels();
  const names = new Map(
    [...models].map(([className, { owner }]) => [className, definitionName(className, owner)]),
  );
  const schemas: string[] = [];
  const descriptions = new Map<string, Record<string, Record<string, string>>>();
  for (const [className, { owner, model }] of models) {
    const name = names.get(className) ?? className;
    schemas.push(`  '${name}': '${encodeModel(name, model, names)}',`);
    const ofOwner = descriptions.get(owner) ?? {};
    ofOwner[name] = describe(model);
    descriptions.set(owner, ofOwner);
  }
  const files = new Map([['schemas.ts', schemasFile(schemas.sort(), [...descriptions.keys()].sort())]]);
  for (const [owner, ofOwner] of descriptions) {
    const sorted = Object.fromEntries(Object.entries(ofOwner).sort(([a], [b]) => (a < b ? -1 : 1)));
    files.set(`descriptions/${owner.replace('/', '-')}.json`, `${JSON.stringify(sorted, null, 1)}\n`);
  }
  return files;
}

interface Reached {
  owner: string;
  model: Model;
}

/** Every class that the roots reach, owned by the first package that reaches it. */
async function reachableModels(): Promise<Map<string, Reached>> {
  const reached = new Map<string, Reached>();
  for (const [owner, roots] of Object.entries(ROOTS)) {
    const queue = [...roots];
    for (let className = queue.shift(); className !== undefined; className = queue.shift()) {
      if (reached.has(className)) continue;
      const model = await readModel(className);
      reached.set(className, { owner, model });
      queue.push(
        ...model.attributes
          .map(({ type }) => elementOf(type))
          .filter((type) => PREFIX.test(type) && !(type in SCALARS)),
      );
    }
  }
  return reached;
}

/** `V1Probe` of `Array<V1Probe>` and of `{ [key: string]: V1Probe; }`. */
function elementOf(type: string): string {
  const inner = /^Array<(.*)>$/.exec(type)?.[1] ?? /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  return inner === undefined ? type : elementOf(inner);
}

function definitionName(className: string, owner: string): string {
  return `${owner}.${className.replace(PREFIX, '')}`;
}

/** `containerPort!:int32 hostIP:string …`: the notation that `src/api/schema-notation.ts` reads. */
function encodeModel(name: string, model: Model, names: ReadonlyMap<string, string>): string {
  return model.attributes
    .map((attribute) => {
      const quantity = QUANTITY_FIELDS.has(`${name}.${attribute.name}`);
      const type = encodeType(attribute.type, quantity ? 'quantity' : attribute.format, names);
      return `${attribute.name}${attribute.required ? '!' : ''}:${type}`;
    })
    .join(' ');
}

function encodeType(type: string, format: string, names: ReadonlyMap<string, string>): string {
  const item = /^Array<(.*)>$/.exec(type)?.[1];
  if (item !== undefined) return `[${encodeType(item, format, names)}]`;
  const value = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (value !== undefined) return `{${encodeType(value, format, names)}}`;
  if (type === 'string') return format === 'byte' || format === 'quantity' ? format : 'string';
  if (type === 'number') return format === '' ? 'int32' : format;
  const encoded = SCALARS[type] ?? names.get(type);
  if (encoded === undefined) throw new Error(`type "${type}" is neither a scalar nor a reached class`);
  return encoded;
}

function describe(model: Model): Record<string, string> {
  const described = model.attributes.filter(({ description }) => description !== '');
  return {
    '': model.description,
    ...Object.fromEntries(described.map(({ name, description }) => [name, description])),
  };
}

function schemasFile(lines: readonly string[], packages: readonly string[]): string {
  return [
    '/** Generated by tools/generate-schemas.ts: definitions in the notation of schema-notation.ts. */',
    'export const GENERATED_SCHEMAS: Readonly<Record<string, string>> = {',
    ...lines,
    '};',
    '',
    '/** The packages that have a file under `descriptions/`. */',
    `export const GENERATED_DESCRIPTION_PACKAGES: readonly string[] = ${JSON.stringify(packages)};`,
    '',
  ].join('\n');
}

/** The checked-in file, or undefined where there is none. */
export async function checkedIn(path: string): Promise<string | undefined> {
  return readFile(new URL(path, OUTPUT), 'utf8').catch(() => undefined);
}

if (import.meta.main) {
  await mkdir(new URL('descriptions/', OUTPUT), { recursive: true });
  for (const [path, text] of await generateSchemas()) await writeFile(new URL(path, OUTPUT), text);
}
