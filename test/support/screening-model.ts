/** A value as the screening model is shown it. */
export interface ShownField {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly part?: string;
  readonly hidden?: number;
}

/** The fields that a screening call is about. */
export function shownFields(prompt: string): ShownField[] {
  return JSON.parse(prompt).fields;
}

/** What a screening model answers that finds those values clean in which `isAttack` sees nothing. */
export function verdicts(prompt: string, isAttack: (field: ShownField) => boolean): string {
  const results = shownFields(prompt).map((field) =>
    isAttack(field)
      ? { id: field.id, verdict: 'injection', reason: 'gives orders to an AI' }
      : { id: field.id, verdict: 'clean', reason: '' },
  );
  return JSON.stringify({ results });
}
