/** An outbound messenger. */
export interface Channel {
  /** Sends one reply. `to` is the recipient; undefined means the channel's own default. Throws an Error that says why it could not. */
  send(message: { readonly to: string | undefined; readonly text: string; readonly runId: string }): Promise<void>;
}
