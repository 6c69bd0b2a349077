/** One generated page: where it stands, relative to the root, and its whole text. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** The first lines of every generated page. */
export function heading(title: string, from: string): string {
  return `# ${title}\n\n<!-- Made by \`npm run docs\` from ${from}. Change it there. -->\n`
}

/** A table of Markdown. Every row has as many cells as the head. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
