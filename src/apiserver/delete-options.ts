import { invalidValue, unsupportedValue } from '#api/field-errors.ts';
import { type DeleteOptions } from '#api/meta/delete-options.ts';
import { decodeTypedBody } from '#apiserver/decode-object.ts';
import { countOf, flagOf } from '#apiserver/query-parameters.ts';
import type { ApiRequest } from '#apiserver/request.ts';
import type { RestContext } from '#apiserver/rest-context.ts';
import { invalidOptions, isDryRun } from '#apiserver/write-options.ts';

const PROPAGATION_POLICIES: readonly string[] = ['Foreground', 'Background', 'Orphan'];

/**
 * DeleteOptions of a request: those of the body, else those of the query, as in Kubernetes. Throws 400 on wrong types, 422 on
 * wrong values.
 */
export function deleteOptionsOf(context: RestContext, request: ApiRequest): DeleteOptions {
  const options = request.body.length > 0 ? bodyOptions(context, request) : queryOptions(request.query);
  return checkedDeleteOptions(options);
}

function bodyOptions({ schemas }: RestContext, request: ApiRequest): DeleteOptions {
  return decodeTypedBody<DeleteOptions>(request, {
    schemas,
    schema: 'meta/v1.DeleteOptions',
    kind: 'DeleteOptions',
    version: 'v1',
  });
}

function queryOptions(query: URLSearchParams): DeleteOptions {
  const gracePeriodSeconds = countOf(query, 'gracePeriodSeconds');
  const propagationPolicy = query.get('propagationPolicy') ?? '';
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === '' ? {} : { propagationPolicy: propagationPolicy as 'Background' }),
    ...(query.has('orphanDependents') ? { orphanDependents: flagOf(query, 'orphanDependents') } : {}),
  };
}

/** Throws 422 on what Kubernetes' `ValidateDeleteOptions` refuses. */
export function checkedDeleteOptions(options: DeleteOptions): DeleteOptions {
  const { propagationPolicy, orphanDependents, dryRun = [] } = options;
  if (propagationPolicy !== undefined && !PROPAGATION_POLICIES.includes(propagationPolicy)) {
    const supported = [...PROPAGATION_POLICIES, 'nil'];
    throw invalidOptions(
      'DeleteOptions',
      unsupportedValue('propagationPolicy', propagationPolicy, supported),
    );
  }
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    throw invalidOptions('DeleteOptions', invalidValue('propagationPolicy', propagationPolicy, why));
  }
  isDryRun(dryRun, 'DeleteOptions');
  return options;
}
