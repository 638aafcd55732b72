import type { JSONSchemaProps } from '#api/apiextensions/json-schema-props.ts';
import { propertyOf } from '#api/json.ts';

/** A path as field errors write it, or what is wrong with it in Kubernetes' words. */
export type FieldPath =
  | { readonly type: 'path'; readonly path: string }
  | { readonly type: 'faulty'; readonly message: string };

const STEP = /(?:\.([^.[\]']+)|\['((?:[^'\\]|\\.)*)'\])/y;

/** `.spec.replicas`, `.data['a.b']`: a path of fields and map keys that a schema has. Lists have no path into them. */
export function parseFieldPath(text: string, schema: JSONSchemaProps): FieldPath {
  let node: JSONSchemaProps | undefined = schema;
  let path = '';
  for (let at = 0; at < text.length; ) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (match === null) return { type: 'faulty', message: `expected [ or . but got: ${text.slice(at)}` };
    at += match[0].length;
    const name: string = match[1] ?? (match[2] ?? '').replace(/\\(.)/g, '$1');
    const property: JSONSchemaProps | undefined = propertyOf(node?.properties ?? {}, name);
    const values: JSONSchemaProps | boolean | undefined = node?.additionalProperties;
    if (property !== undefined) {
      path += `.${name}`;
      node = property;
    } else if (typeof values === 'object') {
      path += `[${name}]`;
      node = values;
    } else return { type: 'faulty', message: 'does not refer to a valid field' };
  }
  return { type: 'path', path };
}
