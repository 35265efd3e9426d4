/** Why a reply is not sent that has nothing to say. */
export const notMeant = ['the reply is empty', 'the reply only acknowledges'] as const;

/** Whether what was not sent, for this reason, should have been. */
export function isMeant(error: string | null): boolean {
  return !notMeant.some((why) => why === error);
}
