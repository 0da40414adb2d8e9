/**
 * The summary of what is wrong in a form stands above the fields, and names each by the label that it has further down.
 * @param html the body of a page, in which a link of the summary is marked with `data-field`
 */
export const withFieldNames = (html: string): string =>
  html.replaceAll(/<a href="#([^"]+)" data-field>/g, (_link, id: string) => {
    const label = labelOf(html, id)
    return `<a href="#${id}">${label === '' ? '' : `<b>${label}</b>: `}`
  })

/** The text of a field's label, or of the legend of a group of fields, as HTML; empty: there is none. */
function labelOf(html: string, id: string): string {
  for (const opening of [`<label for="${id}">`, `<fieldset id="${id}"`]) {
    const from = html.indexOf(opening)
    if (from === -1) continue
    const until = html.slice(from).search(/<\/(label|legend)>/)
    return html
      .slice(from, from + until)
      .replaceAll(/<[^>]*>/g, '')
      .trim()
  }
  return ''
}
