import { compiled, type Format, shippedText, type TextArguments } from './catalogue.ts'
import { ENGLISH } from './locales.ts'
import { currentLocale } from './texts.ts'

/**
 * A sentence of a table (of a client's fields, of settings, of events) in the language of the console. The table itself says it in English, which REST,
 * the command line and the docs show; locales/admin/{area}.{tag}.json holds it in the other languages of the console.
 * @param key `admin.`, the area, the row and its part: `admin.clients.field.redirect_uris.hint`; scripts/checks/described.ts lists all
 */
export function described(key: string, english: string): string {
  const tag = currentLocale()
  return tag === ENGLISH ? english : (shippedText(tag, key) ?? english)
}

const formats = new Map<string, Format>()

/**
 * The same for a sentence with something to fill in, in ICU MessageFormat.
 * @param english of the table, too: there are as many of them as rows
 * @throws Error when a placeholder is not filled
 */
export function describedWith(key: string, english: string, values: TextArguments): string {
  const tag = currentLocale()
  const translated = tag === ENGLISH ? undefined : shippedText(tag, key)
  const name = `${translated === undefined ? ENGLISH : tag} ${key}`
  const known = formats.get(name)
  const format = known ?? compiled(translated ?? english, translated === undefined ? ENGLISH : tag)
  if (known === undefined) formats.set(name, format)
  return format(values).join('')
}
