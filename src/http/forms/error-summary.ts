import { t } from '../../shared/locales/texts.ts'
import { fieldInWords } from './field-words.ts'

// What views write as a mark is markup; what people typed is escaped, and holds no quotation mark.
const SUMMARY = /<div class="alert" role="alert" data-summary>(.*?)<\/div>/gs
const ENTRY = /<li data-field="([^"]*)" data-label="([^"]*)">(.*?)<\/li>/gs
const WRONG = / data-wrong=""/g

interface Entry {
  field: string
  label: string
  message: string
  /** Where its field begins in the page; infinite: the page lacks it. */
  at: number
}

/**
 * Finishes what `partials/alert` and the partials of fields have marked, once the whole page is drawn: what is wrong in a
 * form stands above its fields in their order, each named by its label and linked; the first wrong field has the focus.
 * What is wrong with a single field is said beside it alone; with one that the page lacks, or that says nothing, here.
 * @param html the body of a page
 */
export function withErrorSummary(html: string): string {
  let isFirst = true
  return html
    .replaceAll(SUMMARY, (_block, entries: string) => summaryOf(html, entries))
    .replaceAll(WRONG, () => {
      const focus = isFirst ? ' autofocus' : ''
      isFirst = false
      return focus
    })
}

function summaryOf(html: string, marked: string): string {
  const entries = [...marked.matchAll(ENTRY)].map(([, field = '', label = '', message = '']) => {
    const found = html.indexOf(`id="field-${field}"`)
    return { field, label, message, at: found === -1 ? Number.POSITIVE_INFINITY : found }
  })
  const [first] = entries
  if (first === undefined) return ''
  if (entries.length > 1) {
    const sorted = entries.toSorted((a, b) => (a.at === b.at ? 0 : a.at - b.at))
    const items = sorted.map((entry) => `<li>${textOf(html, entry)}</li>`).join('\n')
    return `<div class="alert" role="alert">\n<p>${t('error.summary')}</p>\n<ul>\n${items}\n</ul>\n</div>`
  }
  const isBeside = html.includes(`id="field-${first.field}-error"`)
  return isBeside ? '' : `<p class="alert" role="alert">${textOf(html, first)}</p>`
}

function textOf(html: string, { field, label, message, at }: Entry): string {
  const id = `field-${field}`
  const text = `<b>${labelOf(html, id) || label || fieldInWords(field)}</b>: ${message}`
  return at === Number.POSITIVE_INFINITY ? text : `<a href="#${id}">${text}</a>`
}

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
