/** `a, b and c`; each within `mark`, such as the backticks of Markdown. */
export function inWords(words: readonly string[], joint: 'and' | 'or', mark = ''): string {
  const marked = words.map((word) => `${mark}${word}${mark}`);
  return marked.length < 2 ? marked.join('') : `${marked.slice(0, -1).join(', ')} ${joint} ${marked.at(-1)}`;
}
