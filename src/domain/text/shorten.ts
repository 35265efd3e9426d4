/** The text, cut to at most so many characters with an ellipsis as the last: never in the middle of one. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let kept = '';
  let count = 0;
  for (const character of text) {
    if (count === limit) return `${beginning(kept, limit - 1)}…`;
    kept += character;
    count += 1;
  }
  return kept;
}

function beginning(text: string, characters: number): string {
  return [...text].slice(0, characters).join('');
}
