/** Reads the model classes of `@kubernetes/client-node`: attributes from the code, requiredness and prose from the declarations. */
import { readFile } from 'node:fs/promises';

const MODELS = new URL('../node_modules/@kubernetes/client-node/dist/gen/models/', import.meta.url);

/** One class: a struct of the Kubernetes API. */
export interface Model {
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

/** One field, under its name in JSON. */
export interface Attribute {
  readonly name: string;
  /** As the client writes it: `string`, `Array<V1Container>`, `{ [key: string]: string; }`. */
  readonly type: string;
  /** `int32`, `date-time`, …, or empty. */
  readonly format: string;
  readonly required: boolean;
  readonly description: string;
}

interface ModelClass {
  getAttributeTypeMap(): { name: string; baseName: string; type: string; format: string }[];
}

/** The class of this name; rejects where there is none. */
export async function readModel(className: string): Promise<Model> {
  const exported = (await import(new URL(`${className}.js`, MODELS).href)) as Record<
    string,
    ModelClass | undefined
  >;
  const modelClass = exported[className];
  if (modelClass === undefined) throw new Error(`no class "${className}" in ${className}.js`);
  const declarations = await readFile(new URL(`${className}.d.ts`, MODELS), 'utf8');
  const fields = declaredFields(declarations);
  const prose = /\/\*\*\n((?:\* .*\n)+)\*\/\nexport declare class/.exec(declarations)?.[1] ?? '';
  return {
    description: cleanProse(prose),
    attributes: modelClass.getAttributeTypeMap().map(({ name, baseName, type, format }) => ({
      name: baseName,
      type,
      format,
      required: fields.get(name)?.required ?? false,
      description: fields.get(name)?.description ?? '',
    })),
  };
}

function declaredFields(declarations: string): Map<string, { required: boolean; description: string }> {
  const fields = declarations.matchAll(
    / {4}\/\*\*\n((?: {4}\*.*\n)*?) {4}\*\/\n {4}'([^']+)'(\??):|^ {4}'([^']+)'(\??):/gm,
  );
  return new Map(
    [...fields].map(([, prose = '', commented, optional, bare, bareOptional]) => [
      commented ?? bare ?? '',
      {
        required: (commented === undefined ? bareOptional : optional) === '',
        description: cleanProse(prose),
      },
    ]),
  );
}

function cleanProse(comment: string): string {
  return comment
    .replaceAll(/^ *\* ?/gm, '')
    .replaceAll(/\\(['"])/g, '$1')
    .trim();
}
