import type { LabelSelector } from '#api/object.ts';
import { ShownValue } from '#api/status.ts';

/** A list of texts as Kubernetes shows it in messages: `[]string{"a", "b"}`. */
export function goStrings(values: readonly string[]): ShownValue {
  return new ShownValue(stringsText(values));
}

/** Labels, as Kubernetes shows them: `map[string]string{"a":"b"}`. */
export function goStringMap(labels: Readonly<Record<string, string>> | undefined): ShownValue {
  return new ShownValue(mapText(labels));
}

/** A selector, as Kubernetes shows it. */
export function goSelector({ matchLabels, matchExpressions }: LabelSelector): ShownValue {
  const requirements = matchExpressions?.map(
    ({ key, operator, values }) =>
      `v1.LabelSelectorRequirement{Key:${quoted(key)}, Operator:${quoted(operator)}, Values:${stringsText(values)}}`,
  );
  const list = requirements === undefined ? '(nil)' : `{${requirements.join(', ')}}`;
  return new ShownValue(
    `v1.LabelSelector{MatchLabels:${mapText(matchLabels)}, MatchExpressions:[]v1.LabelSelectorRequirement${list}}`,
  );
}

/** A text where a number or a percentage may stand, as Kubernetes shows it. */
export function goIntOrString(text: string): ShownValue {
  return new ShownValue(`intstr.IntOrString{Type:1, IntVal:0, StrVal:${quoted(text)}}`);
}

function stringsText(values: readonly string[] | undefined): string {
  return values === undefined ? '[]string(nil)' : `[]string{${values.map(quoted).join(', ')}}`;
}

function mapText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return 'map[string]string(nil)';
  const keys = Object.keys(labels).toSorted();
  return `map[string]string{${keys.map((key) => `${quoted(key)}:${quoted(labels[key] ?? '')}`).join(', ')}}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
