import { FLEET_DESCRIPTIONS } from '#api/fleet/descriptions.ts';
import { GENERATED_DESCRIPTION_PACKAGES } from '#api/gen/schemas.ts';

/** Prose by definition, then by field; the definition's own is under the empty field. */
export type Descriptions = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** No prose: for documents that nobody reads. */
export const NO_DESCRIPTIONS: Descriptions = new Map();

const FLEET_PACKAGE = 'fleet/v1alpha1';

/**
 * The prose of some packages (`apps/v1`), for OpenAPI documents and `kubectl explain`. It is read when it is first asked
 * for, and then stays in memory: half a megabyte for all packages. Packages that have none are left out.
 */
export async function loadDescriptions(packages: Iterable<string>): Promise<Descriptions> {
  const descriptions = new Map<string, Readonly<Record<string, string>>>();
  for (const packageName of packages) {
    for (const [name, described] of Object.entries(await loadPackage(packageName)))
      descriptions.set(name, described);
  }
  return descriptions;
}

async function loadPackage(
  packageName: string,
): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  if (packageName === FLEET_PACKAGE) return FLEET_DESCRIPTIONS;
  if (!GENERATED_DESCRIPTION_PACKAGES.includes(packageName)) return {};
  const path = `#api/gen/descriptions/${packageName.replace('/', '-')}.json`;
  const module = (await import(path, { with: { type: 'json' } })) as {
    default: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  return module.default;
}
