import { differencesOf } from './compare.ts';
import { type Mutation, mutated, mutationsOf, type OpenApiSchemas, pathText } from './mutations.ts';
import { collectionPath, type Sample, type Server, type Servers, samplesOf, titleOf } from './server.ts';

/** Questions under way at the same time. */
const AT_ONCE = 6;
/** Examples that are shown of one difference. */
const EXAMPLES_MAX = 2;

/**
 * Creates each sample in a dry run, whole and with every single change of a field. Prints what is answered otherwise; how many
 * questions were.
 */
export async function compareFields({ theirs, ours }: Servers, filter: string): Promise<number> {
  let [asked, otherwise] = [0, 0];
  for (const sample of samplesOf(filter)) {
    const path = `${await collectionPath(theirs, sample)}?dryRun=All`;
    const questions = await questionsOf(theirs, sample);
    const found = new Map<string, string[]>();
    await inParallel(questions, async (mutation) => {
      const body = mutation === undefined ? sample : mutated(sample, mutation);
      const [a, b] = await Promise.all([theirs.ask('POST', path, body), ours.ask('POST', path, body)]);
      const example =
        mutation === undefined
          ? 'as it is'
          : `${pathText(mutation.path)} = ${JSON.stringify(mutation.value)}`;
      const differences = differencesOf(a, b);
      asked += 1;
      if (differences.length > 0) otherwise += 1;
      for (const difference of differences)
        found.set(difference, [...(found.get(difference) ?? []), example]);
    });
    print(titleOf(sample), questions.length, found);
  }
  console.log(`${asked} questions, ${otherwise} answered otherwise`);
  return otherwise;
}

async function questionsOf(server: Server, sample: Sample): Promise<(Mutation | undefined)[]> {
  const document = sample.apiVersion.includes('/') ? `apis/${sample.apiVersion}` : `api/${sample.apiVersion}`;
  const { body } = await server.ask('GET', `/openapi/v3/${document}`);
  const { schemas } = (body as { components: { schemas: OpenApiSchemas } }).components;
  const schema = Object.values(schemas).find((each) =>
    each['x-kubernetes-group-version-kind']?.some(
      ({ group, version, kind }) =>
        kind === sample.kind && (group === '' ? version : `${group}/${version}`) === sample.apiVersion,
    ),
  );
  if (schema === undefined) throw new Error(`there is no schema of ${sample.apiVersion} ${sample.kind}`);
  return [undefined, ...mutationsOf(sample, schema, schemas)];
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of waiting) await work(item);
    }),
  );
}

function print(title: string, asked: number, found: ReadonlyMap<string, readonly string[]>): void {
  console.log(`${title}: ${asked} questions, ${found.size} kinds of difference (theirs <> ours)`);
  for (const [difference, examples] of found) {
    console.log(`  ${difference.slice(0, 500)}`);
    for (const example of examples.slice(0, EXAMPLES_MAX)) console.log(`      ${example.slice(0, 160)}`);
    if (examples.length > EXAMPLES_MAX) console.log(`      and ${examples.length - EXAMPLES_MAX} more`);
  }
}
