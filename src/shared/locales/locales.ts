/** A language that pages and mails are written in. */
export interface Locale {
  /** BCP 47, as in `lang`, `ui_locales` and `Content-Language`. */
  readonly tag: string
  /** What its speakers call it. */
  readonly name: string
  /** Right to left. */
  readonly rtl?: true
  /** The console speaks it too: locales/admin has its texts, whose keys begin with `admin.`. */
  readonly console?: true
}

/** Every language there is a catalogue for: locales/{tag}.json. English first: what all others are made of. */
export const LOCALES: readonly Locale[] = [
  { tag: 'en', name: 'English', console: true },
  { tag: 'de', name: 'Deutsch', console: true },
  { tag: 'fr', name: 'Français' },
  { tag: 'es', name: 'Español' },
  { tag: 'pt-BR', name: 'Português (Brasil)' },
  { tag: 'it', name: 'Italiano' },
  { tag: 'nl', name: 'Nederlands' },
  { tag: 'pl', name: 'Polski' },
  { tag: 'ja', name: '日本語' },
  { tag: 'zh-CN', name: '简体中文' },
  { tag: 'ar', name: 'العربية', rtl: true },
]

export const ENGLISH = 'en'

const byTag = new Map(LOCALES.map((locale) => [locale.tag.toLowerCase(), locale]))

/** Whether there is a language of exactly this tag. */
export const isLocale = (tag: string): boolean => LOCALES.some((locale) => locale.tag === tag)

/** @throws Error when there is no such language */
export function localeOf(tag: string): Locale {
  const locale = byTag.get(tag.toLowerCase())
  if (locale === undefined) throw new Error(`no language is called ${tag}`)
  return locale
}

/**
 * The language of ours that a tag asks for, by lookup (RFC 4647 §3.4): the tag, then without its last subtag, and so on; then
 * one of the same primary language (`pt` and `pt-PT` get `pt-BR`, `zh` gets `zh-CN`).
 * @param range a language range; anything else gets undefined
 */
export function matching(range: string): string | undefined {
  let rest = range.toLowerCase()
  if (!/^[a-z]{2,8}(-[a-z0-9]{1,8}){0,7}$/.test(rest)) return undefined
  // Traditional characters are another script; who reads them is not given simplified ones unasked.
  if (/^zh-(hant|tw|hk|mo)\b/.test(rest)) return undefined
  const primary = rest.split('-', 1)[0] ?? rest
  for (;;) {
    const found = byTag.get(rest)
    if (found !== undefined) return found.tag
    const cut = rest.lastIndexOf('-')
    if (cut === -1) break
    rest = rest.slice(0, cut)
  }
  return LOCALES.find(({ tag }) => tag.split('-', 1)[0] === primary)?.tag
}

/** The first language of a list that there is. @param ranges best first */
export function firstMatching(ranges: readonly string[]): string | undefined {
  for (const range of ranges) {
    const tag = matching(range)
    if (tag !== undefined) return tag
  }
  return undefined
}

/** Ranges that are looked at; more than that is no browser's. */
const MAX_RANGES = 20

/**
 * The languages of an `Accept-Language` header, best first (RFC 9110 §12.5.4); `*` and what has a weight of 0 are left out.
 * Whatever is no language range is passed over.
 */
export function acceptedLanguages(header: string | undefined): string[] {
  return (header ?? '')
    .slice(0, 1000)
    .split(',')
    .slice(0, MAX_RANGES)
    .map((part) => {
      const [range = '', ...parameters] = part.split(';').map((piece) => piece.trim())
      const weight = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2)
      const quality = weight === undefined ? 1 : Number(weight)
      return { range, quality: quality >= 0 && quality <= 1 ? quality : 0 }
    })
    .filter(({ range, quality }) => quality > 0 && range !== '*' && range !== '')
    .sort((a, b) => b.quality - a.quality)
    .map(({ range }) => range)
}
