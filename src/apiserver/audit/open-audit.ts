import { parse } from 'yaml';
import { AuditLog } from '#apiserver/audit/audit-log.ts';
import { type AuditMode, Auditor } from '#apiserver/audit/auditor.ts';
import { type AuditPolicy, DEFAULT_POLICY, readPolicy } from '#apiserver/audit/policy.ts';
import type { System } from '#system/system.ts';

/** The policy's name in the data folder. */
const POLICY_FILE = 'audit-policy.yaml';

/**
 * The audit of a data folder, by the policy in `audit-policy.yaml`, or the default one where there is none. Throws a sentence
 * for people where the policy cannot be read: nothing is to run unaudited by mistake.
 */
export async function openAudit(
  { dataFolder, mode }: { dataFolder: string; mode: AuditMode },
  system: Pick<System, 'disk' | 'clock' | 'log' | 'random'>,
): Promise<{ auditor: Auditor } & AsyncDisposable> {
  const policy = await policyOf(dataFolder, system);
  const log = await AuditLog.open({ ...system, dataFolder });
  return {
    auditor: new Auditor({ ...system, log, policy, mode }),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  };
}

async function policyOf(dataFolder: string, { disk }: Pick<System, 'disk'>): Promise<AuditPolicy> {
  const path = `${dataFolder}/${POLICY_FILE}`;
  const bytes = await disk.read(path);
  if (bytes === undefined) return DEFAULT_POLICY;
  try {
    return readPolicy(parse(Buffer.from(bytes).toString('utf8'), { maxAliasCount: 0 }));
  } catch (cause) {
    throw new Error(
      `the audit policy ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
