/** What a simulated program will do: what it prints and when, and when it ends by itself, if it does. */
export interface Program {
  readonly prints: readonly { readonly afterMs: number; readonly text: string }[];
  /** Absent: it runs until it is stopped. */
  readonly ends?: { readonly afterMs: number; readonly exitCode: number };
}

/** How long a command takes that does nothing, in milliseconds. */
const INSTANT_MS = 5;

const UNIT_MS: Readonly<Record<string, number>> = {
  '': 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SHELLS = new Set(['sh', 'ash', 'bash', 'dash']);

/**
 * What a command would do, as far as it is made of `sleep`, `echo`, `exit`, `true`, `false` and `:`, alone or in a line of
 * shell joined by `;` and `&&`. Undefined for any other command. A line of shell that goes on with something else runs
 * on from there.
 */
export function interpret(command: readonly string[]): Program | undefined {
  const [name = '', ...args] = command;
  const program = name.slice(name.lastIndexOf('/') + 1);
  if (SHELLS.has(program)) {
    const flag = args.findIndex((arg) => /^-[a-z]*c$/u.test(arg));
    return flag === -1
      ? { prints: [], ends: { afterMs: INSTANT_MS, exitCode: 0 } }
      : interpretScript(args[flag + 1] ?? '');
  }
  const effect = effectOf(program, args);
  if (effect === undefined) return undefined;
  return programOf([effect]);
}

/** One step of a script. */
type Effect =
  | { readonly type: 'takes'; readonly ms: number }
  | { readonly type: 'prints'; readonly text: string }
  | { readonly type: 'yields'; readonly exitCode: number }
  | { readonly type: 'exits'; readonly exitCode: number }
  | { readonly type: 'stays' };

function interpretScript(script: string): Program {
  const effects: Effect[] = [];
  let code = 0;
  let joined = ';';
  for (const [, statement = '', next = ''] of script.matchAll(/([^;\n&|]*)(;|\n|&&|\|\||[|&]|$)/gu)) {
    const words = statement.trim().split(/\s+/u);
    const skipped = joined === '&&' && code !== 0;
    joined = next;
    if (statement.trim() === '' || skipped) continue;
    const [name = '', ...args] = words;
    const isPlain = next !== '||' && next !== '|' && next !== '&';
    const effect = (isPlain ? effectOf(name, args, code) : undefined) ?? { type: 'stays' };
    effects.push(effect);
    if (effect.type === 'exits' || effect.type === 'stays') break;
    code = effect.type === 'yields' ? effect.exitCode : 0;
  }
  return programOf(effects);
}

function effectOf(name: string, args: readonly string[], code = 0): Effect | undefined {
  const [first = ''] = args;
  switch (name) {
    case 'sleep':
      return sleepOf(first);
    case 'echo':
      return { type: 'prints', text: args.join(' ').replaceAll(/^["']|["']$/gu, '') };
    case 'exit':
      return { type: 'exits', exitCode: first === '' ? code : Number(first) & 0xff };
    case 'true':
    case ':':
      return { type: 'yields', exitCode: 0 };
    case 'false':
      return { type: 'yields', exitCode: 1 };
    default:
      return undefined;
  }
}

function sleepOf(duration: string): Effect {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/u.exec(duration);
  return match === null
    ? { type: 'stays' }
    : { type: 'takes', ms: Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 1000) };
}

function programOf(effects: readonly Effect[]): Program {
  const prints: { afterMs: number; text: string }[] = [];
  let afterMs = INSTANT_MS;
  let exitCode = 0;
  for (const effect of effects) {
    if (effect.type === 'stays') return { prints };
    if (effect.type === 'prints') prints.push({ afterMs, text: effect.text });
    if (effect.type === 'takes') afterMs += effect.ms;
    exitCode = effect.type === 'yields' || effect.type === 'exits' ? effect.exitCode : 0;
  }
  return { prints, ends: { afterMs, exitCode } };
}
