/** What is kept of one call of a tool. */
export interface ToolCall {
  /** the attempt at its run in which it was made */
  readonly attempt: number;
  /** as the model knows the tool */
  readonly name: string;
  /** JSON, cut */
  readonly input: string;
  /** length of the result before it was cut for the model */
  readonly resultChars: number;
  readonly ms: number;
  /** what the model was told in place of a result, cut */
  readonly error: string | null;
}
