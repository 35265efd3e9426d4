import { expect, it } from '@jest/globals';
import { columnOf, fieldOf } from '../../src/store/column-names.ts';

it('a field and its column are told from each other, both ways', () => {
  for (const [field, column] of [
    ['id', 'id'],
    ['receivedAt', 'received_at'],
    ['unpricedAnswers', 'unpriced_answers'],
    ['workflowRunId', 'workflow_run_id'],
  ] as const) {
    expect(columnOf(field)).toBe(column);
    expect(fieldOf(column)).toBe(field);
  }
});
