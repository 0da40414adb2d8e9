/**
 * A request as an operator writes it down, with names in braces in the place of values. A value is escaped by where it stands, so that
 * none of them can become a part of another one: by percent in an address, as JSON in a body that is JSON, as a form otherwise.
 */
export interface RequestTemplate {
  url: string
  /** `Name: value`, several separated by ` | `. */
  headers: string
  /** JSON where it begins with `{` or `[`, else `name=value&…`; '': the request is a GET without one. */
  body: string
}

/** A name in braces, as `{to}`: the operator's mark for a value that is known when the request is made, as in URI templates (RFC 6570). */
const PLACEHOLDER = /\{([a-z][a-z0-9_]*)\}/g
/** What fetch sets itself, or what would change how the request is read (RFC 9110 §7.2, RFC 9112 §6). */
const REFUSED_HEADERS = new Set(
  'connection content-length content-type cookie expect host keep-alive te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)
const MAX_HEADERS = 10

/** The names in braces of a text. */
export const placeholdersOf = (text: string): string[] =>
  [...text.matchAll(PLACEHOLDER)].map(([, name]) => name ?? '')

type Values = Readonly<Record<string, string>>

const fill = (text: string, values: Values, escaped: (value: string) => string = (value) => value): string =>
  text.replaceAll(PLACEHOLDER, (all, name: string) =>
    Object.hasOwn(values, name) ? escaped(values[name] ?? '') : all,
  )

/** Whether an address can be filled in: names stand in its path and query alone. */
export function isUrlTemplate(text: string): boolean {
  const plain = text.replaceAll(PLACEHOLDER, 'x')
  const url = URL.parse(plain)
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    !url.username &&
    !url.password &&
    url.hash === '' &&
    !/[\s{}]/.test(plain) &&
    // The origin is written out: none of it comes from a value.
    text.toLowerCase().startsWith(`${url.origin}/`)
  )
}

/** Undefined: it is neither JSON nor a form. */
function bodyOf(
  text: string,
): { kind: 'json'; value: unknown } | { kind: 'form'; pairs: [string, string][] } | undefined {
  if (/^\s*[{[]/.test(text)) {
    try {
      return { kind: 'json', value: JSON.parse(text) }
    } catch {
      return undefined
    }
  }
  const pairs = text.split('&').map((pair) => /^([\w.[\]-]+)=(.*)$/s.exec(pair.trim()))
  return pairs.every((pair) => pair !== null)
    ? { kind: 'form', pairs: pairs.map(([, name = '', value = '']) => [name, value]) }
    : undefined
}

export const isBodyTemplate = (text: string): boolean => text === '' || bodyOf(text) !== undefined

/** Undefined: one of them is none, or not one to be set here. */
function headersOf(text: string): [string, string][] | undefined {
  if (text.trim() === '') return []
  const lines = text.split(/\s*\|\s*/).map((line) => /^([\w-]+):\s*([\x20-\x7e]+)$/.exec(line.trim()))
  const good =
    lines.length <= MAX_HEADERS &&
    lines.every((line) => line !== null && !REFUSED_HEADERS.has((line[1] ?? '').toLowerCase()))
  return good ? lines.map((line) => [line?.[1] ?? '', line?.[2] ?? '']) : undefined
}

export const isHeadersTemplate = (text: string): boolean => headersOf(text) !== undefined

/** Every text in JSON, with its names filled in. */
function filledJson(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fill(value, values)
  if (Array.isArray(value)) return value.map((each) => filledJson(each, values))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filledJson(each, values)]))
  return value
}

/**
 * The request with these values.
 * @throws Error when the template is none, without a value in it
 */
export function filledRequest(
  template: RequestTemplate,
  values: Values,
): { url: URL; init: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: string } } {
  const headers = headersOf(template.headers)
  const body = template.body === '' ? undefined : bodyOf(template.body)
  if (!isUrlTemplate(template.url) || headers === undefined || (template.body !== '' && body === undefined))
    throw new Error('this is no template of a request')
  const url = new URL(fill(template.url, values, encodeURIComponent))
  const own = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), fill(value, values)]))
  if (body === undefined) return { url, init: { method: 'GET', headers: own } }
  const json = body.kind === 'json'
  return {
    url,
    init: {
      method: 'POST',
      headers: { ...own, 'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded' },
      body: json
        ? JSON.stringify(filledJson(body.value, values))
        : new URLSearchParams(
            body.pairs.map(([name, value]): [string, string] => [name, fill(value, values)]),
          ).toString(),
    },
  }
}
