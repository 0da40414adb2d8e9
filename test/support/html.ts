/**
 * Just enough HTML to fill in our own server-rendered pages: forms with their fields and buttons, labels, links.
 * Not a general parser: no script-built markup, no implied closing of nested forms.
 */
export interface FormField {
  name: string
  type: string
  value: string
  /** Of a checkbox or radio button; every other field counts as checked. */
  checked: boolean
  /** The words of its `<label>`, else its `aria-label`. */
  label: string | undefined
}

export interface FormButton {
  name: string | undefined
  value: string
  label: string
  /** `formaction`, when the button has one. */
  action: string | undefined
}

export interface HtmlForm {
  action: string
  /** Lower case. */
  method: string
  fields: FormField[]
  buttons: FormButton[]
}

export interface HtmlLink {
  href: string
  text: string
}

export interface HtmlPage {
  forms: HtmlForm[]
  links: HtmlLink[]
  /** What a reader sees, white space collapsed. */
  text: string
}

type Attributes = Record<string, string>
type Token = { text: string } | { open: string; attributes: Attributes } | { close: string }

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (name) return NAMED[name.toLowerCase()] ?? whole
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal))
  })
}

/** Elements whose attributes count: to read those of all elements took most of the time of a page. */
const READ = new Set(['a', 'button', 'form', 'input', 'label', 'option', 'select', 'textarea'])

/** Elements that do not separate words. */
const INLINE = new Set(['a', 'abbr', 'b', 'code', 'em', 'i', 'small', 'span', 'strong', 'time'])

const collapse = (text: string): string => text.replace(/\s+/g, ' ').trim()

function parseAttributes(source: string): Attributes {
  const attributes: Attributes = {}
  for (const match of source.matchAll(/([^\s=/"'<>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?/g)) {
    const [, name = '', double, single, bare] = match
    attributes[name.toLowerCase()] ??= decodeEntities(double ?? single ?? bare ?? '')
  }
  return attributes
}

function* tokens(html: string): Generator<Token> {
  const visible = html
    .replace(/<!--[\s\S]*?-->|<![^>]*>/g, '')
    .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, '')
  const tag = /<(\/?)([a-z][a-z0-9-]*)((?:"[^"]*"|'[^']*'|[^"'>])*)>/gi
  let end = 0
  for (const match of visible.matchAll(tag)) {
    const [whole, slash, name = '', rest = ''] = match
    if (match.index > end) yield { text: decodeEntities(visible.slice(end, match.index)) }
    const element = name.toLowerCase()
    yield slash
      ? { close: element }
      : { open: element, attributes: READ.has(element) ? parseAttributes(rest) : {} }
    end = match.index + whole.length
  }
  if (end < visible.length) yield { text: decodeEntities(visible.slice(end)) }
}

/** The forms, links and visible text of a page, without those of every page: of the language, and of the search of the console. */
export function parseHtml(html: string): HtmlPage {
  const page: HtmlPage = { forms: [], links: [], text: '' }
  const labels = new Map<string, string>()
  const fieldIds = new Map<FormField, string>()
  let form: HtmlForm | undefined
  let link: HtmlLink | undefined
  let button: FormButton | undefined
  let textarea: FormField | undefined
  let select: FormField | undefined
  /** Whether an option of the select was taken: the first, until one is marked. */
  let chosen = false
  /** Forms by their ids, and buttons that stand outside of theirs and name it. */
  const formIds = new Map<string, HtmlForm>()
  const apart: { id: string; button: FormButton }[] = []
  let label: { for: string | undefined; text: string; field: FormField | undefined } | undefined

  const addField = (attributes: Attributes, type: string, value: string): FormField => {
    const checkable = type === 'checkbox' || type === 'radio'
    const field: FormField = {
      name: attributes.name ?? '',
      type,
      value: checkable ? (attributes.value ?? 'on') : value,
      checked: !checkable || 'checked' in attributes,
      label: attributes['aria-label'],
    }
    if (attributes.id) fieldIds.set(field, attributes.id)
    if (label && !label.for) label.field = field
    if (!('disabled' in attributes)) form?.fields.push(field)
    return field
  }
  const addButton = (attributes: Attributes, text: string): FormButton => {
    const added = {
      name: attributes.name,
      value: attributes.value ?? '',
      label: text,
      action: attributes.formaction,
    }
    if (attributes.form) apart.push({ id: attributes.form, button: added })
    else if (!('disabled' in attributes)) form?.buttons.push(added)
    return added
  }
  const open = (name: string, attributes: Attributes): void => {
    if (name === 'form') {
      form = {
        action: attributes.action ?? '',
        method: (attributes.method ?? 'get').toLowerCase(),
        fields: [],
        buttons: [],
      }
      if (attributes.id) formIds.set(attributes.id, form)
      page.forms.push(form)
    } else if (name === 'a' && attributes.href !== undefined) {
      link = { href: attributes.href, text: '' }
      page.links.push(link)
    } else if (name === 'label') {
      label = { for: attributes.for, text: '', field: undefined }
    } else if (name === 'input') {
      const type = (attributes.type ?? 'text').toLowerCase()
      if (type === 'submit') addButton(attributes, attributes.value ?? 'Submit')
      else if (type !== 'reset' && type !== 'button') addField(attributes, type, attributes.value ?? '')
    } else if (name === 'button' && (attributes.type ?? 'submit') === 'submit') {
      button = addButton(attributes, '')
    } else if (name === 'textarea') {
      textarea = addField(attributes, 'textarea', '')
    } else if (name === 'select') {
      select = addField(attributes, 'select', '')
      chosen = false
    } else if (name === 'option' && select && ('selected' in attributes || !chosen)) {
      select.value = attributes.value ?? ''
      chosen = true
    }
  }
  const close = (name: string): void => {
    if (name === 'form') form = undefined
    else if (name === 'a') link = undefined
    else if (name === 'button') button = undefined
    else if (name === 'textarea') textarea = undefined
    else if (name === 'select') select = undefined
    else if (name === 'label' && label) {
      const text = collapse(label.text)
      if (label.for) labels.set(label.for, text)
      else if (label.field) label.field.label ??= text
      label = undefined
    }
  }

  for (const token of tokens(html)) {
    const tag = 'open' in token ? token.open : 'close' in token ? token.close : undefined
    if (tag !== undefined && !INLINE.has(tag)) page.text += ' '
    if ('open' in token) open(token.open, token.attributes)
    else if ('close' in token) close(token.close)
    else {
      if (textarea) textarea.value += token.text
      if (link) link.text += token.text
      if (button) button.label += token.text
      if (label) label.text += token.text
      page.text += token.text
    }
  }
  for (const each of apart) formIds.get(each.id)?.buttons.push(each.button)
  for (const [field, id] of fieldIds) field.label = labels.get(id) ?? field.label
  for (const each of page.links) each.text = collapse(each.text)
  for (const each of page.forms.flatMap((one) => one.buttons)) each.label = collapse(each.label)
  page.text = collapse(page.text)
  page.forms = page.forms.filter(({ action }) => action !== '/locale' && action !== '/admin/search')
  return page
}

/** A page that is parsed when it is first looked into: of most pages on a way, only the address and the status count. */
export function lazyHtml(html: string): HtmlPage {
  let parsed: HtmlPage | undefined
  const page = () => {
    parsed ??= parseHtml(html)
    return parsed
  }
  return {
    get forms() {
      return page().forms
    },
    get links() {
      return page().links
    },
    get text() {
      return page().text
    },
  }
}
